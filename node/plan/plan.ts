import { TesseraError } from '../../protocol/errors.ts';
import type { Model } from '../model/model.ts';
import type { Slicing } from '../model/slice/index.ts';
import type { Port } from '../provers/prover.ts';
import { type Provers, proverNamed } from '../provers/provers.ts';
import type { SegmentCost } from './cost-model/segment-cost.ts';
import { draftSegments, type SegmentDraft, settlePorts } from './draft.ts';
import type { ChoiceContext, ParameterChoice } from './parameters/choice.ts';
import { type Committed, chooseSchemes, requireOneScheme } from './schemes.ts';

/** What is decided for one segment before its circuit has keys. */
export interface SegmentPlan extends SegmentDraft {
  /** The prover's parameters, as the recipe carries them. */
  params: string;
  /** What proving it is expected to take, where that was asked. */
  expected?: SegmentCost;
}

/** A segment's plan with what proving it is expected to take. */
export interface EstimatedPlan extends SegmentPlan {
  expected: SegmentCost;
}

/** Where proofs are to be checked. On chain, all edges share one scheme. */
export type Target = 'offline' | 'chain';

export interface PlanInit {
  model: Model;
  slicing: Slicing;
  /** Each segment's prover, by the segment's id. */
  assignment: ReadonlyMap<string, string>;
  committed: Committed;
  target: Target;
  context: Omit<ChoiceContext, 'edges'>;
}

export interface PlanModules {
  provers: Provers;
  /** By the prover's name. */
  choices: ReadonlyMap<string, ParameterChoice>;
}

/**
 * Decides each segment's schemes and parameters.
 *
 * @throws TesseraError `UNPROVABLE` for schemes that cannot be had, `PROVER_MISSING`
 */
export async function planJob(
  { model, slicing, assignment, committed, target, context }: PlanInit,
  { provers, choices }: PlanModules,
): Promise<EstimatedPlan[]> {
  const proverOf = (id: string) => proverNamed(provers, assignment.get(id) ?? '');
  const segments = slicing.segments.map((segment) => ({ ...segment, binding: proverOf(segment.id).binding }));
  const wiring = { segments, inputs: model.inputs, outputs: model.outputs };
  if (target === 'chain') requireOneScheme(wiring);
  const drafts = draftSegments(model, slicing, (id) => proverOf(id).name, chooseSchemes(wiring, committed));

  const read = new Set(slicing.segments.flatMap(({ inputs }) => inputs));
  const edges = new Set(slicing.segments.flatMap(({ outputs }) => outputs).filter((name) => read.has(name)));
  const chosen = new Map<string, { params: string; expected: SegmentCost }>();
  const held = new Map<string, PublicTensors>();
  for (const [name, choose] of choices) {
    const own = drafts.filter(({ prover }) => prover === name);
    if (own.length === 0) continue;
    const choice = await choose(own, { ...context, edges });
    for (const [index, { id }] of own.entries()) {
      const [params, expected] = [choice.params[index], choice.expected[index]];
      if (params !== undefined && expected !== undefined) chosen.set(id, { params, expected });
    }
    held.set(name, publicTensors(own, choice.publicPort, new Set(model.inputs)));
  }
  return drafts.map((draft) => {
    const others = [...held].filter(([name]) => name !== draft.prover).map(([, tensors]) => tensors);
    const settled = (tensor: string) => others.find((tensors) => tensors.has(tensor))?.get(tensor);
    const choice = chosen.get(draft.id);
    if (choice === undefined) {
      throw new TesseraError('INTERNAL', { message: `no parameters were chosen for ${draft.id}` });
    }
    return { ...settlePorts(draft, settled), ...choice };
  });
}

type PublicTensors = ReadonlyMap<string, Port['settled']>;

/** What a prover holds its public tensors to; the scale of one that a segment makes is that segment's choice. */
function publicTensors(
  drafts: readonly SegmentDraft[],
  port: Port['settled'],
  given: ReadonlySet<string>,
): PublicTensors {
  if (port === undefined) return new Map();
  const { scale: _, ...made } = port;
  const names = drafts.flatMap(({ inputs, outputs, inputPorts, outputPorts }) => [
    ...inputs.filter((_name, index) => inputPorts[index]?.scheme === 'public'),
    ...outputs.filter((_name, index) => outputPorts[index]?.scheme === 'public'),
  ]);
  return new Map(names.map((name) => [name, given.has(name) ? port : made]));
}
