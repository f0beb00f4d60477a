import type { NodeCapabilities } from '../../protocol/registration/index.ts';
import { type Capabilities, speedsOf } from './capabilities.ts';
import type { WorkerLimits } from './limits.ts';

/** Digits of a speed that count: another measurement of the same machine shall say the same. */
const digits = 2;

/** What the formats hold of each number. */
const most = { cores: 2 ** 16 - 1, memory: 2 ** 32 - 1, places: 2 ** 16 - 1, gpus: 255, speed: 2 ** 24 - 1 };

/**
 * What a worker says of itself on a chain: rounded, and cut to what the format holds.
 *
 * @param provers names of those that are set up; nothing is offered without one
 */
export function registeredCapabilities(
  capabilities: Capabilities,
  limits: Pick<WorkerLimits, 'memory' | 'parallel' | 'price'>,
  provers: readonly string[],
): NodeCapabilities | undefined {
  if (provers.length === 0) return undefined;
  const { parallel, memory, price } = limits;
  const speeds = speedsOf(capabilities, provers, parallel).map(({ name, unitsPerSecond }) => {
    const thousands = Math.round(Number((unitsPerSecond / 1_000).toPrecision(digits)));
    return [name, within(thousands, most.speed)] as const;
  });
  return {
    cores: within(capabilities.cores, most.cores),
    memory: within(Math.floor(memory / 2 ** 20), most.memory),
    places: within(parallel, most.places),
    gpus: Math.min(capabilities.gpus.length, most.gpus),
    price,
    speeds: new Map(speeds),
  };
}

const within = (value: number, highest: number) => Math.min(Math.max(value, 1), highest);
