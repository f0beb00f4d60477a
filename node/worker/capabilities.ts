import { availableParallelism } from 'node:os';
import { setImmediate as breathe } from 'node:timers/promises';
import { scalarModulus } from '../../protocol/field.ts';
import type { ProverSpeed } from '../../protocol/messages/index.ts';

/** What a machine can prove with. */
export interface Capabilities {
  cores: number;
  provers: readonly ProverSpeed[];
}

/** Units of the cost model are its microseconds of proving on the machine that its coefficients were measured on. */
const unitsPerSecond = 1_000_000;

/** Field multiplications per second that {@link benchmark} counts on that machine. */
const referenceRate = 2_400_000;

/** Measures this machine: its cores, and how fast it is against the one that the cost model was fitted on. */
export async function measureCapabilities(
  provers: readonly string[],
  signal?: AbortSignal,
): Promise<Capabilities> {
  const rate = await benchmark(signal);
  const speed = Math.max(1, Math.round((unitsPerSecond * rate) / referenceRate));
  return {
    cores: availableParallelism(),
    provers: provers.map((name) => ({ name, unitsPerSecond: speed })),
  };
}

/** Multiplications in BN254's field per second: what provers spend their time with. The best of several rounds. */
async function benchmark(signal: AbortSignal | undefined): Promise<number> {
  let best = 0;
  for (let round = 0; round < 5; round++) {
    signal?.throwIfAborted();
    let value = 3n ** 150n % scalarModulus;
    const started = performance.now();
    for (let i = 0; i < 20_000; i++) value = (value * value + 1n) % scalarModulus;
    best = Math.max(best, (20_000 / (performance.now() - started)) * 1_000);
    await breathe();
  }
  return best;
}
