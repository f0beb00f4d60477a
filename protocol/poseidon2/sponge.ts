import { FIELD_ORDER, WIDTH } from './constants.ts';
import { permute, type State } from './permutation.ts';

/** Elements absorbed by one permutation; the fourth element of the state is the capacity. */
export const RATE = WIDTH - 1;

/**
 * A sponge for inputs whose number of elements is fixed by the domain.
 * The state starts as (0, 0, 0, domain); three elements at a time are added to its first three, zeros filling the last
 * block, and permuted; the digest is the first element. An empty input is one block of zeros.
 * @param domain in [0, r); must determine the number of elements, since zeros at the end are not told apart otherwise
 * @param elements each in [0, r)
 */
export function sponge(domain: bigint, elements: readonly bigint[]): bigint {
  let state: State = [0n, 0n, 0n, domain];
  let offset = 0;
  do {
    state = permute([
      (state[0] + (elements[offset] ?? 0n)) % FIELD_ORDER,
      (state[1] + (elements[offset + 1] ?? 0n)) % FIELD_ORDER,
      (state[2] + (elements[offset + 2] ?? 0n)) % FIELD_ORDER,
      state[3],
    ]);
    offset += RATE;
  } while (offset < elements.length);
  return state[0];
}
