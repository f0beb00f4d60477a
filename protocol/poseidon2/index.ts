/** The `poseidon2` edge scheme: the permutation, the sponge over it, and commitments to packed tensors (README.md). */
export {
  type CommittedType,
  commit,
  commitmentDomain,
  commitmentElement,
} from './commitment.ts';
export {
  FIELD_ORDER,
  FULL_ROUNDS,
  INTERNAL_DIAGONAL_MINUS_ONE,
  PARTIAL_ROUNDS,
  ROUND_CONSTANTS,
  WIDTH,
} from './constants.ts';
export { type Packing, pack, packing } from './packing.ts';
export { permute, type State } from './permutation.ts';
export { RATE, sponge } from './sponge.ts';
