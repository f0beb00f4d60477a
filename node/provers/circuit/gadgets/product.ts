import type { QuantisedNode } from '../../../../protocol/arithmetic/model.ts';
import type { Product } from '../../../../protocol/arithmetic/operations/product.ts';
import type { Construction } from '../construction.ts';
import { WIRE_THRESHOLD } from './wire-threshold.ts';

/**
 * Element-wise product: one constraint left·right = output an element.
 *
 * Sound: the output is determined modulo r, and the model's bounds keep the integer product below 2^52 in magnitude.
 */
export function constrainProduct(construction: Construction, node: QuantisedNode, operation: Product): void {
  const [leftName, rightName] = node.inputs as [string, string];
  const left = construction.bound(leftName, WIRE_THRESHOLD);
  const right = construction.bound(rightName, WIRE_THRESHOLD);
  const outputs = construction.valueWires(node.output, operation.left.length);
  for (let i = 0; i < operation.left.length; i++) {
    construction.writer.zero(
      [[left.row(operation.left[i] as number), right.row(operation.right[i] as number)]],
      { wires: [outputs + i], coefficients: [-1] },
    );
  }
}
