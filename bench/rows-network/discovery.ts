import { setTimeout as sleep } from 'node:timers/promises';
import { type WaitingPeers, WaitingProcesses } from '../../node/job/testing/waiting-peers.ts';
import type { BenchContext, Benchmark, FigureMark } from '../benchmark.ts';
import { median } from '../repeat.ts';
import { judge } from '../row.ts';

const repetitions = 5;

/** Milliseconds between two looks at whether a worker has begun. */
const interval = 20;

/** Milliseconds after which a node that found nothing is given up. */
const patience = 60_000;

const toWork = {
  name: 'discovery/start-to-work',
  unit: 's',
  mark: { of: 'value', atMost: 5 },
} as const satisfies FigureMark;

/**
 * A network with a job that nobody takes, and a node that starts, knowing one other that is not the requester: from
 * the start of its process until its worker begins with a segment.
 */
export const discovery: Benchmark = {
  name: 'discovery',
  marks: [toWork],
  async run(context) {
    const seconds: number[] = [];
    for (let round = 0; round < repetitions; round++) {
      context.signal.throwIfAborted();
      context.say(`discovery: round ${round + 1} of ${repetitions}`);
      seconds.push(await startToWork(context, round));
    }
    return { rows: [judge({ ...toWork, value: median(seconds) })], detail: { seconds } };
  },
};

async function startToWork({ signal }: BenchContext, round: number): Promise<number> {
  const processes = new WaitingProcesses();
  try {
    const door = await processes.start({ nodes: 1, worker: false, bootstrap: [] });
    const bootstrap = door.addresses;
    const requester = await processes.start({ nodes: 1, worker: false, bootstrap });
    // It ends with the processes, long before its segments could be proven.
    requester.ask('prove', { segments: 1, seconds: 3_600, input: round }).catch(() => undefined);
    // Offers are repeated every few seconds: each round comes at another moment between two of them.
    await sleep(3_000 + (round * 4_000) / repetitions, undefined, { signal });
    const started = performance.timeOrigin + performance.now();
    const worker = await processes.start({ nodes: 1, worker: true, bootstrap });
    return ((await firstStage(worker, signal)) - started) / 1_000;
  } finally {
    await processes.close();
  }
}

/** When its worker began with a segment: milliseconds on the system's clock. */
async function firstStage(worker: WaitingPeers, signal: AbortSignal): Promise<number> {
  for (let waited = 0; waited < patience; waited += interval) {
    const [first] = (await worker.ask('measure', {})).stages;
    if (first !== undefined) return first.at;
    await sleep(interval, undefined, { signal });
  }
  throw new Error('the node found no work');
}
