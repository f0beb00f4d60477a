import type { Model } from '../../model/model.ts';
import { activationAfterConcat } from './activation-after-concat.ts';
import { activationAfterPooling } from './activation-after-pooling.ts';
import { GraphView } from './graph-view.ts';
import { mergeClips } from './merge-clips.ts';
import { mergeReshapes } from './merge-reshapes.ts';
import { mergeTransposes } from './merge-transposes.ts';
import { padIntoConvolution } from './pad-into-convolution.ts';
import { redundantRelu } from './redundant-relu.ts';
import { type Rule, replace } from './replacement.ts';

/** Each either takes a node away or moves an activation behind a maximum, so no order of them goes on for ever. */
const rules: readonly Rule[] = [
  redundantRelu,
  mergeClips,
  mergeReshapes,
  mergeTransposes,
  padIntoConvolution,
  activationAfterPooling,
  activationAfterConcat,
];

export interface AppliedRewrite {
  /** What was done, in words. */
  rule: string;
  /** Names of the nodes that were changed or taken out, in the model's order. */
  nodes: string[];
}

/**
 * Applies every rewrite that keeps what the model computes, to the bit for all values but NaN, and costs fewer
 * constraints or none more; goes on until there is nothing left to do. Inputs, outputs and the names of nodes that
 * stay are untouched.
 *
 * @param keep tensors that shall still be computed, such as those that a strategy cuts at
 */
export function rewriteModel(
  model: Model,
  keep: ReadonlySet<string> = new Set(),
): { model: Model; applied: AppliedRewrite[] } {
  const applied: AppliedRewrite[] = [];
  let current = model;
  for (let next = rewriteOnce(current, keep); next !== undefined; next = rewriteOnce(current, keep)) {
    current = next.model;
    applied.push(next.applied);
  }
  return { model: current, applied };
}

function rewriteOnce(
  model: Model,
  keep: ReadonlySet<string>,
): { model: Model; applied: AppliedRewrite } | undefined {
  const view = new GraphView(model, keep);
  for (const node of model.nodes) {
    for (const rule of rules) {
      const replacement = rule.match(view, node);
      if (replacement === undefined) continue;
      const nodes = replacement.remove.map(({ name }) => name);
      return { model: replace(model, replacement), applied: { rule: rule.name, nodes } };
    }
  }
  return undefined;
}
