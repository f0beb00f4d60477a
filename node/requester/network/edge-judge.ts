import pLimit from 'p-limit';
import { equalBytes } from '../../../protocol/check/equal-bytes.ts';
import type { Hex32 } from '../../../protocol/edge.ts';
import type { Commitments } from '../../../protocol/job/index.ts';
import { throwIfAborted } from '../../abort.ts';
import { proverNamed } from '../../provers/provers.ts';
import { commitEdges } from '../commit-edges.ts';
import type { Job, JobModules } from '../job.ts';

export interface EdgeJudgeInit {
  job: Job;
  /** What the job fixes. */
  commitments: Commitments;
  /** Whole SRS files, by id. */
  srsFiles: ReadonlyMap<Hex32, Uint8Array>;
}

/**
 * Decides whether a worker is right that a segment gives other values than the job fixes: this machine runs the segment
 * again, and commits again. Once a segment was found to be as it was committed, nobody can have it run once more.
 */
export class EdgeJudge {
  readonly #init: EdgeJudgeInit;
  readonly #modules: Pick<JobModules, 'provers' | 'verifiers'>;
  readonly #verdicts = new Map<number, Promise<boolean>>();
  /** One at a time: as many may say so as there are segments. */
  readonly #turn = pLimit(1);

  constructor(init: EdgeJudgeInit, modules: Pick<JobModules, 'provers' | 'verifiers'>) {
    this.#init = init;
    this.#modules = modules;
  }

  /**
   * Whether a segment's edges are as they were committed.
   *
   * @throws TesseraError as {@link Prover.execute}, `ABORTED`; it can be asked again then
   */
  holds(segment: number, signal: AbortSignal): Promise<boolean> {
    const verdict = this.#verdicts.get(segment) ?? this.#turn(() => this.#run(segment, signal));
    this.#verdicts.set(segment, verdict);
    verdict.catch(() => this.#verdicts.delete(segment));
    return verdict;
  }

  async #run(index: number, signal: AbortSignal): Promise<boolean> {
    throwIfAborted(signal);
    const { job, commitments, srsFiles } = this.#init;
    const { provers, verifiers } = this.#modules;
    const segment = job.segments[index];
    const refs = job.compiled.graph.segments[index];
    if (segment === undefined || refs === undefined) return false;
    const { plan, compiled } = segment;
    const inputs = plan.inputs.map((name) => job.values.get(name) ?? []);
    const { outputs } = await proverNamed(provers, plan.prover).execute(compiled, inputs, {
      signal,
      memoryLimit: job.limits.memory,
    });
    const values = new Map(job.values);
    for (const [port, name] of plan.outputs.entries()) values.set(name, outputs[port] ?? []);
    const again = await commitEdges({ ...job, values }, verifiers, srsFiles, {
      segments: [index],
      signal,
    });
    return [...refs.inputs, ...refs.outputs].every(({ edge, block }) => {
      const [fixed, computed] = [commitments[edge]?.[block], again[edge]?.[block]];
      return fixed !== undefined && computed !== undefined && equalBytes(fixed, computed);
    });
  }
}
