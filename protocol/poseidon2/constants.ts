/**
 * The one Poseidon2 instance of this program: BN254's scalar field, width 4, S-box x⁵, 8 full and 56 partial rounds.
 * Parameters as published with the Poseidon2 paper (https://eprint.iacr.org/2023/323, reference instances by its
 * authors); Barretenberg and ACIR's `Poseidon2Permutation` use the same instance.
 */
import { scalarModulus } from '../field.ts';

/** r, the order of BN254's scalar field (EIP-196). */
export const FIELD_ORDER = scalarModulus;

/** Bits of a field element that packed values may fill: 2^253 < r, so that no packed sum wraps around. */
export const CAPACITY_BITS = 253;

export const WIDTH = 4;
export const FULL_ROUNDS = 8;
export const PARTIAL_ROUNDS = 56;

/** μᵢ − 1 for the internal matrix: ones everywhere but for μᵢ on the diagonal. */
export const INTERNAL_DIAGONAL_MINUS_ONE: readonly [bigint, bigint, bigint, bigint] = [
  0x10dc6e9c006ea38b04b1e03b4bd9490c0d03f98929ca1d7fb56821fd19d3b6e7n,
  0x0c28145b6a44df3e0149b3d0a30b3bb599df9756d4dd9b84a86b38cfb45a740bn,
  0x00544b8338791518b2c7645a50392798b21f75bb60e3596170067d00141cac15n,
  0x222c01175718386f2e2e82eb122789e352e105a3b8fa852613bc534433ee428bn,
];

/** Bits of a field element. */
const FIELD_BITS = 254;

/** Big-endian bits of `value`, `width` of them. */
function bits(value: number, width: number): number[] {
  return Array.from({ length: width }, (_, i) => (value >> (width - 1 - i)) & 1);
}

/**
 * The Grain LFSR in its self-shrinking mode, seeded with the instance's parameters
 * (Poseidon paper, https://eprint.iacr.org/2019/458, appendix "Initialization").
 */
function* grainBits(): Generator<number, never> {
  const register = Uint8Array.from([
    ...bits(1, 2), // a prime field
    ...bits(0, 4), // the S-box xᵅ
    ...bits(FIELD_BITS, 12),
    ...bits(WIDTH, 12),
    ...bits(FULL_ROUNDS, 10),
    ...bits(PARTIAL_ROUNDS, 10),
    ...bits((1 << 30) - 1, 30),
  ]);
  let head = 0;
  const tap = (offset: number): number => register[(head + offset) % register.length] ?? 0;
  const step = (): number => {
    const bit = tap(62) ^ tap(51) ^ tap(38) ^ tap(23) ^ tap(13) ^ tap(0);
    register[head] = bit;
    head = (head + 1) % register.length;
    return bit;
  };
  for (let i = 0; i < 160; i++) step();
  for (;;) {
    const keep = step();
    const bit = step();
    if (keep === 1) yield bit;
  }
}

/** Draws field elements, most significant bit first, and rejects those that are not below r. */
function deriveRoundConstants(): readonly (readonly bigint[])[] {
  const stream = grainBits();
  const next = (): bigint => {
    for (;;) {
      let digits = '0b';
      for (let i = 0; i < FIELD_BITS; i++) digits += stream.next().value;
      const candidate = BigInt(digits);
      if (candidate < FIELD_ORDER) return candidate;
    }
  };
  const isFull = (round: number) => round < FULL_ROUNDS / 2 || round >= FULL_ROUNDS / 2 + PARTIAL_ROUNDS;
  return Array.from({ length: FULL_ROUNDS + PARTIAL_ROUNDS }, (_, round) =>
    Array.from({ length: isFull(round) ? WIDTH : 1 }, next),
  );
}

/** Constants of each round in order: four for a full round, one (for the first element) for a partial round. */
export const ROUND_CONSTANTS = deriveRoundConstants();
