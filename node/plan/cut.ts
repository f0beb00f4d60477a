import { nodeCost } from '../model/cost.ts';
import type { Model } from '../model/model.ts';
import type { Strategy } from '../model/slice/index.ts';
import { sliceTiled } from '../model/tile/index.ts';
import { type Estimator, type PlannedSlicing, sliceToLimits } from './auto-slice.ts';
import { type AppliedRewrite, rewriteModel } from './rewrites/index.ts';

/** A model ready to be proven: rewritten, cut, and where need be in tiles. */
export interface CutModel extends PlannedSlicing {
  /** The rewritten model before it was tiled. */
  rewritten: Model;
  /** What was rewritten beforehand, because it keeps the result and costs less. */
  rewrites: readonly AppliedRewrite[];
}

/**
 * Rewrites a model and cuts it. The same model and strategy, or the one that it resolved to, give the same segments.
 *
 * @param estimate needed for strategies that leave the choice to the plan
 * @throws TesseraError as `slice`, `tileModel` and `sliceToLimits` do
 */
export function cutModel(
  whole: Model,
  strategy: Strategy,
  estimate: Estimator,
  options: { signal?: AbortSignal } = {},
): CutModel {
  const keep = new Set(strategy.kind === 'cuts' ? strategy.tensors : []);
  const { model, applied } = rewriteModel(whole, keep);
  const cut =
    strategy.kind === 'limits'
      ? sliceToLimits(model, strategy.limits, estimate, options)
      : { ...sliceTiled(model, strategy, nodeCost), strategy };
  return { ...cut, rewritten: model, rewrites: applied };
}
