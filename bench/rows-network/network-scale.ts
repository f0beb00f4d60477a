import { type WaitingPeers, WaitingProcesses } from '../../node/job/testing/waiting-peers.ts';
import type { BenchContext, Benchmark, FigureMark } from '../benchmark.ts';
import { judge, type Row } from '../row.ts';
import { untilSettled } from './settled.ts';

/** Processes that the workers are in. */
const processCount = 4;
const sizes = [8, 16, 32, 64] as const;
const largest = 64;
const segments = 1_000;
/**
 * That a proof of the large job takes. Sixty-four nodes on the processors of one machine need about half a second of
 * processor time for each segment: shorter proofs would measure these processors.
 */
const proofSeconds = 30;
/** Segments that each worker has of a job that only counts messages, and how long one takes. */
const counted = { each: 4, seconds: 5 } as const;
/** Milliseconds beyond twice its ideal after which a job is given up. */
const patience = 300_000;

const time = {
  name: 'network-scale/1000 segments by 64 workers',
  unit: 's',
  // 95 % of the ideal.
  mark: { of: 'ratio', atMost: 1 / 0.95 },
} as const satisfies FigureMark;

/**
 * A prover that only waits, so that all processors are left to what surrounds it: a thousand segments by 64 workers
 * against the ideal of whole rounds, and what messages and memory a node takes as the network grows.
 */
export const networkScale: Benchmark = {
  name: 'network-scale',
  marks: [time],
  async run(context) {
    const growth: Row[] = [];
    const detail: Record<string, object> = {};
    let large: Row | undefined;
    for (const workers of sizes) {
      await withWorkers(workers, context, async (requester, groups) => {
        context.say(`network-scale: ${workers} workers`);
        const counts = await countMessages(requester, groups, workers);
        growth.push(...growthRows(workers, counts));
        detail[`${workers}`] = counts;
        if (workers !== largest) return;
        context.say(`network-scale: ${segments} segments by ${workers} workers`);
        const { proof, ideal } = await prove(requester, workers, {
          segments,
          seconds: proofSeconds,
          input: 2,
        });
        large = judge({ ...time, value: proof.seconds, baseline: ideal });
        const { seconds, assigned, reopened } = proof;
        detail.large = { ideal, seconds, assigned, reopened, accepted: Object.values(proof.accepted) };
      });
    }
    return { rows: [...(large === undefined ? [] : [large]), ...growth], detail };
  },
};

/** Has a job proven, against whole rounds of all workers. */
async function prove(
  requester: WaitingPeers,
  workers: number,
  job: { segments: number; seconds: number; input: number },
) {
  const ideal = Math.ceil(job.segments / workers) * job.seconds;
  const cancel = setTimeout(() => void requester.ask('cancel', {}), 2_000 * ideal + patience);
  try {
    return { ideal, proof: await requester.ask('prove', job) };
  } finally {
    clearTimeout(cancel);
  }
}

async function withWorkers(
  workers: number,
  { signal }: BenchContext,
  use: (requester: WaitingPeers, groups: readonly WaitingPeers[]) => Promise<void>,
): Promise<void> {
  const processes = new WaitingProcesses();
  try {
    const requester = await processes.start({ nodes: 1, worker: false, bootstrap: [] });
    const nodes = workers / processCount;
    const groups = await Promise.all(
      Array.from({ length: processCount }, () =>
        processes.start({ nodes, worker: true, bootstrap: requester.addresses }),
      ),
    );
    await untilSettled([requester, ...groups], workers, signal);
    await use(requester, groups);
  } finally {
    await processes.close();
  }
}

interface Counts {
  /** Messages for each node during a job of as many segments for each. */
  messages: number;
  /** Bytes for each node after it. */
  memory: number;
  /** Processor time for each segment. */
  cpuSeconds: number;
}

async function countMessages(
  requester: WaitingPeers,
  groups: readonly WaitingPeers[],
  workers: number,
): Promise<Counts> {
  const all = [requester, ...groups];
  const sumOf = async (figure: 'messages' | 'memory' | 'cpu', of: readonly WaitingPeers[]) =>
    (await Promise.all(of.map((one) => one.ask('measure', {})))).reduce((sum, one) => sum + one[figure], 0);
  const before = { messages: await sumOf('messages', all), cpu: await sumOf('cpu', all) };
  const total = counted.each * workers;
  await prove(requester, workers, { segments: total, seconds: counted.seconds, input: 1 });
  return {
    messages: ((await sumOf('messages', all)) - before.messages) / (workers + 1),
    memory: (await sumOf('memory', groups)) / workers,
    cpuSeconds: ((await sumOf('cpu', all)) - before.cpu) / total,
  };
}

function growthRows(workers: number, { messages, memory }: Counts): Row[] {
  return [
    judge({ name: `network-scale/messages a node of ${workers}`, unit: 'messages', value: messages }),
    judge({ name: `network-scale/memory a node of ${workers}`, unit: 'MB', value: memory / 1e6 }),
  ];
}
