import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Seeded uniform values in [mean − spread, mean + spread]. */
export function randomValues(count: number, seed: number, spread = 1, mean = 0): Float32Array {
  const random = xoroshiro128plus(seed);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i += 1) values[i] = mean + (random.next() / 2 ** 31) * spread;
  return values;
}
