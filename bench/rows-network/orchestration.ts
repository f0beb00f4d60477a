import { WaitingProcesses } from '../../node/job/testing/waiting-peers.ts';
import type { StageTime } from '../../node/job/testing/waiting-process.ts';
import type { Benchmark, FigureMark } from '../benchmark.ts';
import { median } from '../repeat.ts';
import { judge } from '../row.ts';
import { untilSettled } from './settled.ts';

const jobs = 25;
/** Jobs that only warm up. */
const unmeasured = 4;

const latency = {
  name: 'orchestration/offer to check',
  unit: 's',
  mark: { of: 'value', atMost: 0.05 },
} as const satisfies FigureMark;

/**
 * From a job's offer until its worker begins to check the segment, less the time in which it fetched: two processes on
 * loopback, a prover that takes no time, one segment a job.
 */
export const orchestration: Benchmark = {
  name: 'orchestration',
  marks: [latency],
  async run({ signal }) {
    const processes = new WaitingProcesses();
    try {
      const requester = await processes.start({ nodes: 1, worker: false, bootstrap: [] });
      const worker = await processes.start({ nodes: 1, worker: true, bootstrap: requester.addresses });
      await untilSettled([requester, worker], 1, signal);
      const offers: { job: string; offeredAt: number }[] = [];
      for (let input = 0; input < jobs; input++) {
        signal.throwIfAborted();
        offers.push(await requester.ask('prove', { segments: 1, seconds: 0, input }));
      }
      const { stages } = await worker.ask('measure', {});
      const seconds = offers
        .slice(unmeasured)
        .map(({ job, offeredAt }) => secondsToCheck(stages, job, offeredAt));
      return { rows: [judge({ ...latency, value: median(seconds) })], detail: { seconds } };
    } finally {
      await processes.close();
    }
  },
};

function secondsToCheck(stages: readonly StageTime[], job: string, offeredAt: number): number {
  const stageOf = (name: string): StageTime => {
    const found = stages.find((stage) => stage.job === job && stage.stage === name);
    if (found === undefined) throw new Error(`no ${name} of job ${job}`);
    return found;
  };
  const [fetching, checking] = [stageOf('fetching'), stageOf('checking')];
  return (checking.at - offeredAt - (checking.fetched - fetching.fetched)) / 1_000;
}
