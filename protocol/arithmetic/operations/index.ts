import type { Operation } from '../model.ts';
import { affine } from './affine.ts';
import { convolution } from './convolution.ts';
import { matrix } from './matrix.ts';
import { maximum } from './maximum.ts';
import type { Operator } from './operator.ts';
import { product } from './product.ts';
import { rearrange } from './rearrange.ts';
import { requantise } from './requantise.ts';
import { windowSum } from './window-sum.ts';

const operators: { [Kind in Operation['kind']]: Operator<Extract<Operation, { kind: Kind }>> } = {
  affine,
  convolution,
  matrix,
  maximum,
  product,
  rearrange,
  requantise,
  windowSum,
};

/** How this operation behaves. */
export function operatorOf(operation: Operation): Operator<Operation> {
  // Each entry takes its own kind only, which the lookup by that kind ensures but types cannot say.
  return operators[operation.kind] as Operator<never> as Operator<Operation>;
}
