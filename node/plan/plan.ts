import pLimit from 'p-limit';
import type { Model } from '../model/model.ts';
import { type Slicing, segmentModel } from '../model/slice/index.ts';
import type { RunOptions } from '../progress.ts';
import { chooseK, defaultEzklParams, type EzklParams } from '../provers/ezkl/parameters.ts';
import type { EzklProver } from '../provers/ezkl/prover.ts';
import type { PortScheme } from '../provers/prover.ts';
import { refuseUnprovable } from './provability.ts';
import { chooseSchemes } from './schemes.ts';

/** What is decided for one segment before its circuit has keys. */
export interface SegmentPlan {
  id: string;
  /** The segment as a model of its own. */
  model: Model;
  /** Tensor names in port order. */
  inputs: readonly string[];
  outputs: readonly string[];
  inputSchemes: readonly PortScheme[];
  outputSchemes: readonly PortScheme[];
  params: EzklParams;
}

/** A plan before its parameters are chosen. */
export type SegmentDraft = Omit<SegmentPlan, 'params'>;

export interface PlanInit {
  model: Model;
  slicing: Slicing;
  /** Sides of the whole that stay commitments. */
  committed: { input: boolean; output: boolean };
  /** Fractional bits of inputs and weights; the prover's default unless given. */
  scale?: number;
  /** Segments measured at once. */
  parallel: number;
}

/**
 * Decides each segment's schemes and parameters. All circuits get one size, because edges committed with `kzg` are
 * equal only between circuits of one size.
 *
 * @throws TesseraError `UNPROVABLE` with every node that the prover does not support, before anything is compiled
 */
export async function planJob(
  { model, slicing, committed, scale, parallel }: PlanInit,
  prover: EzklProver,
  options: RunOptions = {},
): Promise<SegmentPlan[]> {
  refuseUnprovable(model, slicing, [prover]);
  const schemes = chooseSchemes({ ...slicing, inputs: model.inputs, outputs: model.outputs }, committed);
  const base = { ...defaultEzklParams, ...(scale === undefined ? {} : { scale }) };
  const draft = draftSegments(model, slicing, schemes);

  const limit = pLimit(parallel);
  const probe = { ...base, k: chooseK([], base) };
  let done = 0;
  const sizes = await Promise.all(
    draft.map((segment) =>
      limit(async () => {
        const source = {
          model: segment.model,
          inputs: segment.inputSchemes,
          outputs: segment.outputSchemes,
          inputScales: segment.inputs.map(() => base.scale),
        };
        const size = await prover.measure(source, probe, options.signal ? { signal: options.signal } : {});
        options.onProgress?.({
          type: 'stage',
          stage: 'plan',
          done: ++done,
          total: draft.length,
          detail: segment.id,
        });
        return size;
      }),
    ),
  );
  const params = { ...base, k: chooseK(sizes, base) };
  return draft.map((segment) => ({ ...segment, params }));
}

/** Each segment as a model of its own, with the scheme of every port; a tensor without one is public. */
export function draftSegments(
  model: Model,
  slicing: Slicing,
  schemes: ReadonlyMap<string, PortScheme>,
): SegmentDraft[] {
  return slicing.segments.map((segment) => {
    const own = segmentModel(model, segment);
    const schemesOf = (names: readonly string[]) => names.map((name) => schemes.get(name) ?? 'public');
    return {
      id: segment.id,
      model: own,
      inputs: own.inputs,
      outputs: own.outputs,
      inputSchemes: schemesOf(own.inputs),
      outputSchemes: schemesOf(own.outputs),
    };
  });
}
