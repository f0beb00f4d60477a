import {
  FIELD_ORDER,
  FULL_ROUNDS,
  INTERNAL_DIAGONAL_MINUS_ONE,
  PARTIAL_ROUNDS,
  ROUND_CONSTANTS,
} from './constants.ts';

/** Four elements of BN254's scalar field, each in [0, r). */
export type State = readonly [bigint, bigint, bigint, bigint];

const [d0, d1, d2, d3] = INTERNAL_DIAGONAL_MINUS_ONE;

/** x⁵ mod r, for any x ≥ 0. */
function sbox(x: bigint): bigint {
  const square = (x * x) % FIELD_ORDER;
  return (((square * square) % FIELD_ORDER) * x) % FIELD_ORDER;
}

/** The external matrix [[5,7,1,3],[4,6,1,1],[1,3,5,7],[1,1,4,6]]; sums stay small enough to leave unreduced. */
function external(a: bigint, b: bigint, c: bigint, d: bigint): State {
  const ab = a + b;
  const cd = c + d;
  const e = 2n * b + cd;
  const f = 2n * d + ab;
  const g = 4n * cd + f;
  const h = 4n * ab + e;
  return [f + h, h, e + g, g];
}

/**
 * The Poseidon2 permutation (https://eprint.iacr.org/2023/323, section 6) of this program's instance.
 * @param state four elements in [0, r); values outside are reduced.
 */
export function permute(state: State): State {
  let [a, b, c, d] = external(...state);
  let round = 0;
  const fullRound = (): void => {
    const [k0, k1, k2, k3] = ROUND_CONSTANTS[round++] as State;
    [a, b, c, d] = external(sbox(a + k0), sbox(b + k1), sbox(c + k2), sbox(d + k3));
  };
  for (let i = 0; i < FULL_ROUNDS / 2; i++) fullRound();
  for (let i = 0; i < PARTIAL_ROUNDS; i++) {
    const [k] = ROUND_CONSTANTS[round++] as readonly [bigint];
    a = sbox(a + k);
    const sum = a + b + c + d;
    a = (a * d0 + sum) % FIELD_ORDER;
    b = (b * d1 + sum) % FIELD_ORDER;
    c = (c * d2 + sum) % FIELD_ORDER;
    d = (d * d3 + sum) % FIELD_ORDER;
  }
  for (let i = 0; i < FULL_ROUNDS / 2; i++) fullRound();
  return [a % FIELD_ORDER, b % FIELD_ORDER, c % FIELD_ORDER, d % FIELD_ORDER];
}
