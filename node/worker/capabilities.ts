import { availableParallelism, cpus, totalmem } from 'node:os';
import { setImmediate as breathe } from 'node:timers/promises';
import { scalarModulus } from '../../protocol/field.ts';
import type { ProverSpeed } from '../../protocol/messages/index.ts';
import { referenceUnitsPerSecond } from '../plan/cost-model/units.ts';
import { detectGpus } from './gpus.ts';

/** What of a machine decides how fast it proves: measured anew where any of it changed. */
export interface Machine {
  processor: string;
  cores: number;
  /** Bytes. */
  memory: number;
  gpus: readonly string[];
}

/** What a machine can prove with. */
export interface Capabilities extends Machine {
  /** Units of the cost model per second, all cores together. */
  unitsPerSecond: number;
}

/**
 * The machine that the cost model was fitted on (bench/measurements): its cores, and the field multiplications per
 * second that {@link benchmark} counts on one of them while nothing else runs. So a machine like it proves a million
 * units a second, and takes the seconds that the cost model predicts.
 */
const reference = { cores: 2, rate: 3_800_000 };

/**
 * The part of proving that is spread over all cores, in the sense of Amdahl's law: the rest is one core's. Assumed;
 * where there are as many cores as the reference machine has, it says nothing.
 */
const parallelPart = 0.9;

/** What this machine is, without measuring anything. */
export async function describeMachine(): Promise<Machine> {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory: totalmem(),
    gpus: await detectGpus(),
  };
}

/** Measures how fast a machine is against the one that the cost model was fitted on. Takes a tenth of a second. */
export async function measureCapabilities(machine: Machine): Promise<Capabilities> {
  const rate = await benchmark();
  return { ...machine, unitsPerSecond: speedOf(rate, machine.cores) };
}

/**
 * Units of the cost model per second.
 *
 * @param rate field multiplications per second of one core
 */
export function speedOf(rate: number, cores: number): number {
  const speed = (rate / reference.rate) * (speedUp(cores) / speedUp(reference.cores));
  return Math.max(1, Math.round(referenceUnitsPerSecond * speed));
}

/**
 * What each prover is said to do while all places of a worker are taken: they share the cores.
 *
 * @param places segments that are proven at once
 */
export function speedsOf(
  { unitsPerSecond: speed }: Pick<Capabilities, 'unitsPerSecond'>,
  provers: readonly string[],
  places: number,
): ProverSpeed[] {
  return provers.map((name) => ({ name, unitsPerSecond: Math.max(1, Math.round(speed / places)) }));
}

/** Amdahl's law: how much sooner n cores are done than one. */
function speedUp(cores: number): number {
  return 1 / (1 - parallelPart + parallelPart / cores);
}

const rounds = 20;
const multiplications = 10_000;

/**
 * Multiplications in BN254's field per second: what provers spend their time with. The best of several rounds, since
 * whatever else the machine does only slows it down.
 */
async function benchmark(): Promise<number> {
  let best = 0;
  for (let round = 0; round < rounds; round++) {
    let value = 3n ** 150n % scalarModulus;
    const started = performance.now();
    for (let i = 0; i < multiplications; i++) value = (value * value + 1n) % scalarModulus;
    best = Math.max(best, (multiplications / (performance.now() - started)) * 1_000);
    await breathe();
  }
  return best;
}
