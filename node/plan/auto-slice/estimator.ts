import { throwIfAborted } from '../../abort.ts';
import type { Model } from '../../model/model.ts';
import { type Boundary, boundaryOf, dependencies, type Limits } from '../../model/slice/index.ts';

/** What proving some nodes as one segment is expected to take. */
export interface SegmentEstimate {
  /** The prover that does it best. */
  prover: string;
  constraints: number;
  /** Bytes: the larger of setup and proving. */
  memory: number;
  /** Proving, and this proof's share of making the keys. */
  seconds: number;
}

/** The best way to prove these nodes as one segment; `undefined` when no prover supports them all. */
export type Estimator = (model: Model, segment: Boundary) => SegmentEstimate | undefined;

/** The expected cost of any of a model's nodes as one segment. */
export type GroupEstimator = (nodes: readonly number[]) => SegmentEstimate | undefined;

/** @throws TesseraError `ABORTED`, once the signal says so */
export function groupEstimator(model: Model, estimate: Estimator, signal?: AbortSignal): GroupEstimator {
  const links = dependencies(model);
  return (nodes) => {
    throwIfAborted(signal);
    return estimate(model, boundaryOf(model, links, nodes));
  };
}

export function fits(estimate: SegmentEstimate, { memory, rows }: Limits): boolean {
  return (
    estimate.memory <= (memory ?? Number.POSITIVE_INFINITY) &&
    estimate.constraints <= (rows ?? Number.POSITIVE_INFINITY)
  );
}
