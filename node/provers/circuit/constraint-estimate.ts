import type { QuantisedModel, QuantisedNode } from '../../../protocol/arithmetic/model.ts';
import type { QuantisedTensor } from '../../../protocol/arithmetic/tensor.ts';
import { elementCount } from '../../../protocol/edge.ts';
import { packing } from '../../../protocol/poseidon2/packing.ts';
import { RATE } from '../../../protocol/poseidon2/sponge.ts';
import { intervalBits, isPowerOfTwoWide } from './gadgets/interval.ts';
import { comparisonCount } from './gadgets/maximum.ts';
import { PERMUTATION_CONSTRAINTS } from './language/constraint-count.ts';
import type { CircuitPort } from './ports.ts';

/**
 * Rank-one constraints that a node costs, without compiling it: for planning. Linear operators cost nothing; the
 * constraints that bind a long expression to a wire (one an element) are not counted.
 */
export function constraintsOf(model: QuantisedModel, node: QuantisedNode): number {
  const tensor = model.tensors.get(node.inputs[0] ?? '') as QuantisedTensor;
  const { operation } = node;
  switch (operation.kind) {
    case 'requantise': {
      const sign = tensor.lo >= 0 ? 0 : 1;
      return elementCount(tensor.shape) * (operation.shift + operation.bits + sign);
    }
    case 'maximum':
      return comparisonCount(operation, tensor.shape) * (operation.bits + 1);
    case 'product':
      return operation.left.length;
    case 'affine':
    case 'convolution':
    case 'matrix':
    case 'rearrange':
    case 'windowSum':
      return 0;
  }
}

/**
 * Rank-one constraints that a port of `count` values costs. An output's interval is taken as proven by the node that
 * computes it, as it is wherever the edge is no narrower than the tensor.
 */
export function portConstraints(port: CircuitPort, side: 'input' | 'output', count: number): number {
  const { lo, hi, binding } = port;
  const checks = side === 'output' ? 0 : count * intervalBits(lo, hi) * (isPowerOfTwoWide(lo, hi) ? 1 : 2);
  // A public input is the tensor itself; a public output is held equal to it.
  if (binding.scheme === 'public') return side === 'output' ? count : checks;
  const { perElement } = packing({ lo: BigInt(lo), hi: BigInt(hi) });
  const elements = Math.ceil(count / perElement) + (binding.blinded ? 1 : 0);
  return checks + Math.max(1, Math.ceil(elements / RATE)) * PERMUTATION_CONSTRAINTS + 1;
}
