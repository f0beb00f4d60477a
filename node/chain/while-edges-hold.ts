import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { sha256Hex } from '../../protocol/ids.ts';
import type { MarketMismatch } from '../../protocol/messages/index.ts';
import type { Job, JobModules } from '../requester/job.ts';
import { EdgeJudge } from '../requester/network/edge-judge.ts';
import { srsFiles } from '../requester/srs-files.ts';
import type { JsonFile } from './file-store.ts';
import type { ChainJob } from './job.ts';
import type { Market } from './market.ts';
import { keepMismatch } from './mismatch.ts';

/** Hands over what peers say of jobs on a chain, until the result is called. */
export type ListenForMismatches = (handler: (mismatch: MarketMismatch) => void) => () => void;

export interface PostedJob {
  id: Hex32;
  job: ChainJob;
  /** What it was posted from. */
  prepared: Job;
  market: Market;
  modules: Pick<JobModules, 'provers' | 'verifiers'>;
  listen: ListenForMismatches;
  /** Where it is kept that the job is wrong. */
  file: JsonFile;
}

/**
 * Does what a requester does while its job is proven, unless peers say rightly that the job commits to other values than
 * a segment gives. A segment of which that is said is run again, once however many say it; where they are right, the job
 * is closed, which refunds what is not claimed, and spares everybody else the work.
 *
 * @throws TesseraError `EDGE_MISMATCH` when the job is wrong, and whatever `work` throws
 */
export async function whileEdgesHold<T>(
  posted: PostedJob,
  work: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const { id, job, prepared, market, modules, listen, file } = posted;
  const stop = new AbortController();
  const running = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
  const files = await srsFiles(prepared.plans, modules.provers, {
    signal: running,
    memoryLimit: prepared.limits.memory,
  });
  const judge = new EdgeJudge({ job: prepared, commitments: job.commitments, srsFiles: files }, modules);
  const judged = new Set<number>();
  // One after the other: each may take all of the machine.
  let judging = Promise.resolve();
  let wrong: TesseraError | undefined;
  const consider = async ({ segment, edge, block, committed, computed }: MarketMismatch) => {
    if (running.aborted || (await judge.holds(segment, running))) return;
    await keepMismatch(file, { segment, edge, block, committed, computed });
    wrong = mismatchError(id, job, segment);
    stop.abort(wrong);
  };
  const unlisten = listen((mismatch) => {
    const { segment } = mismatch;
    if (mismatch.job !== id || judged.has(segment) || !concerns(mismatch, job)) return;
    judged.add(segment);
    judging = judging.then(() =>
      consider(mismatch).catch(() => {
        // The prover failed, or was stopped, which says nothing of the job: the next complaint has it run again.
        judged.delete(segment);
      }),
    );
  });
  try {
    return await work(running);
  } catch (error) {
    if (wrong === undefined) throw error;
    if (!(await market.job(id)).closed) await market.close(job, signal ? { signal } : {});
    throw wrong;
  } finally {
    unlisten();
    stop.abort();
    await judging;
  }
}

/** Whether a complaint is about what the job really commits to, at a port of the segment. */
function concerns(
  { segment, edge, block, committed }: MarketMismatch,
  { manifest, commitments }: ChainJob,
): boolean {
  const refs = manifest.graph.segments[segment];
  const isPort = [...(refs?.inputs ?? []), ...(refs?.outputs ?? [])].some(
    (ref) => ref.edge === edge && ref.block === block,
  );
  const commitment = commitments[edge]?.[block];
  return isPort && commitment !== undefined && sha256Hex(commitment) === committed;
}

function mismatchError(id: Hex32, { manifest }: ChainJob, segment: number): TesseraError {
  const name = manifest.graph.segments[segment]?.id ?? `${segment}`;
  return new TesseraError('EDGE_MISMATCH', {
    message: `Job ${id} was posted with other values than its segment ${name} gives, as a peer found, and this machine now; it is closed`,
    remedy: 'Run the command again; if this comes back, this machine’s memory or disk may be failing.',
    details: { job: id, segment },
  });
}
