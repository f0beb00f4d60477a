import { FIELD_ORDER } from '../poseidon2/constants.ts';
import { permute, type State } from '../poseidon2/permutation.ts';

/** Bits that packed values fill of a field element: 2^253 < r, so packing never wraps. */
const PACKED_BITS = 253;

/** Field elements absorbed by one permutation. */
export const SPONGE_RATE = 3;

/** How many values of an interval share a field element. */
export interface Packing {
  /** Bits of one value's offset from `lo`. */
  bits: number;
  perElement: number;
}

/** The packing of values in [lo, hi]: offsets x − lo of the least sufficient width, as many as fit into 253 bits. */
export function packingOf(lo: number, hi: number): Packing {
  const bits = Math.max(1, (BigInt(hi) - BigInt(lo)).toString(2).length);
  return { bits, perElement: Math.floor(PACKED_BITS / bits) };
}

/** What a commitment depends on besides the values. */
export interface CommitmentDomain {
  lo: number;
  hi: number;
  /** Separates edge types: a field element derived from the edge's type. */
  tag: bigint;
  /** A uniform field element that makes the commitment hiding; it is absorbed before the values. */
  blinding?: bigint;
}

/** Field elements that carry `values`, each Σ (xᵢ − lo)·2^(bits·i) over up to `perElement` values. Values lie in [lo, hi]. */
export function pack(values: ArrayLike<number>, lo: number, hi: number): bigint[] {
  const { bits, perElement } = packingOf(lo, hi);
  const elements: bigint[] = [];
  for (let start = 0; start < values.length; start += perElement) {
    let element = 0n;
    for (let i = Math.min(start + perElement, values.length) - 1; i >= start; i--) {
      element = (element << BigInt(bits)) + BigInt((values[i] as number) - lo);
    }
    elements.push(element);
  }
  return elements;
}

/**
 * Every state of the sponge: `[absorbed state, permuted state]` for each permutation, in order. The initial state is
 * (0, 0, 0, tag); three elements are added to the first three lanes at a time, absent ones as 0.
 */
export function* spongeStates(elements: readonly bigint[], tag: bigint): Generator<[State, State]> {
  let state: State = [0n, 0n, 0n, tag];
  for (let start = 0; start < Math.max(elements.length, 1); start += SPONGE_RATE) {
    const [a = 0n, b = 0n, c = 0n] = elements.slice(start, start + SPONGE_RATE);
    const absorbed: State = [
      (state[0] + a) % FIELD_ORDER,
      (state[1] + b) % FIELD_ORDER,
      (state[2] + c) % FIELD_ORDER,
      state[3],
    ];
    state = permute(absorbed);
    yield [absorbed, state];
  }
}

/** The elements that a commitment absorbs, in order. */
export function absorbedElements(values: ArrayLike<number>, domain: CommitmentDomain): bigint[] {
  const packed = pack(values, domain.lo, domain.hi);
  return domain.blinding === undefined ? packed : [domain.blinding, ...packed];
}

/** The `poseidon2` commitment to a block's values, row-major, each in [lo, hi]: the first lane after the last permutation. */
export function commit(values: ArrayLike<number>, domain: CommitmentDomain): bigint {
  let commitment = 0n;
  for (const [, state] of spongeStates(absorbedElements(values, domain), domain.tag)) commitment = state[0];
  return commitment;
}
