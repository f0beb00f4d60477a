import { type ErrorCode, TesseraError } from '../../protocol/errors.ts';
import type { Manifest } from '../../protocol/manifest.ts';
import { nodeCost } from '../model/cost.ts';
import { importModel } from '../model/import/index.ts';
import type { Model } from '../model/model.ts';
import { parseStrategy, type Slicing, slice } from '../model/slice/index.ts';
import { draftSegments, type SegmentDraft, type SegmentPlan } from '../plan/plan.ts';
import { unsupportedNodes } from '../plan/provability.ts';
import { chooseSchemes, type Wiring } from '../plan/schemes.ts';
import type { RunOptions } from '../progress.ts';
import { type EzklParams, parseParams } from '../provers/ezkl/parameters.ts';
import type { EzklProver } from '../provers/ezkl/prover.ts';
import { compileSegments } from '../requester/compile.ts';
import { buildGraph } from '../requester/graph.ts';
import type { ProverLimits } from '../requester/prover-call.ts';
import { recipeOf } from '../requester/recipe.ts';
import { srsFiles } from '../requester/srs-files.ts';
import type { AuditCode, AuditProblem } from './problem.ts';

export interface RebuildOptions extends RunOptions {
  /** Path of the ONNX file. */
  model: string;
  limits: ProverLimits;
}

/** As much of a manifest as its recipe gave, and what kept it from giving the rest. */
export interface Rebuilt {
  problems: AuditProblem[];
  /** Known once the model is sliced. */
  wiring?: Wiring;
  /** Known once the circuits are compiled. */
  manifest?: Manifest;
}

/**
 * Goes the way of a proof again, as far as its keys, with what the recipe says in place of the plan's choices. The
 * schemes are those of the stated edges. A fault of the manifest becomes a problem, whatever else fails is thrown.
 *
 * @throws TesseraError of the model's file, of the prover and its limits, `ABORTED`
 */
export async function rebuild(
  manifest: Manifest,
  options: RebuildOptions,
  prover: EzklProver,
): Promise<Rebuilt> {
  const problems: AuditProblem[] = [];
  const { recipe } = manifest;
  const { signal, onProgress, limits } = options;
  onProgress?.({ type: 'stage', stage: 'import', done: 0, total: 1 });
  const imported = await orProblem(problems, 'RECIPE_INVALID', recipeFaults, () =>
    importModel(options.model, { shapes: recipe.shapes, ...(signal ? { signal } : {}) }),
  );
  if (imported === undefined) return { problems };
  const { model, sha256 } = imported;
  if (sha256 !== recipe.model) {
    problems.push({
      code: 'MODEL_DIFFERS',
      message: `the model file’s digest is ${sha256}; the recipe names ${recipe.model}`,
    });
  }

  const slicing = await orProblem(problems, 'RECIPE_INVALID', recipeFaults, () =>
    slice(model, parseStrategy(recipe.strategy), (node) => nodeCost(model, node)),
  );
  if (slicing === undefined) return { problems };
  const wiring: Wiring = { segments: slicing.segments, inputs: model.inputs, outputs: model.outputs };
  problems.push(...unprovable(model, slicing, prover));
  const plans = planAsStated(
    manifest,
    draftSegments(model, slicing, statedSchemes(manifest, wiring)),
    problems,
  );
  if (plans === undefined || problems.some(({ code }) => code === 'OPERATOR_UNPROVABLE')) {
    return { problems, wiring };
  }

  const running = { ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}) };
  const srs = await orProblem(problems, 'SRS_DIFFERS', ['SRS_INVALID'], () =>
    srsFiles(plans, prover, { ...(signal ? { signal } : {}), memoryLimit: limits.memory }),
  );
  if (srs === undefined) return { problems, wiring };
  const others = [...srs.keys()].filter((id) => !manifest.srs.includes(id));
  if (others.length > 0) {
    problems.push({
      code: 'SRS_DIFFERS',
      message: `the manifest rests on SRS ${manifest.srs.join(', ')}; the prover has ${others.join(', ')}`,
      remedy: 'Give the SRS file that the circuits were made with: --srs FILE --srs-digest SHA256.',
    });
    return { problems, wiring };
  }

  const compiled = await orProblem(problems, 'REBUILD_FAILED', compileFaults, async () =>
    buildGraph(await compileSegments(plans, prover, limits, running), model.inputs, model.outputs),
  );
  if (compiled === undefined) return { problems, wiring };
  return {
    problems,
    wiring,
    manifest: {
      graph: compiled.graph,
      circuits: compiled.circuits,
      srs: [...srs.keys()].sort(),
      recipe: recipeOf({ imported, strategy: recipe.strategy, version: recipe.version, compiled }),
    },
  };
}

/** Errors that a stated recipe causes in a model that can be imported. */
const recipeFaults: readonly ErrorCode[] = ['SHAPE_UNKNOWN', 'TENSOR_UNKNOWN', 'INPUT_INVALID', 'USAGE'];
/** Errors that stated parameters and schemes cause in the prover. */
const compileFaults: readonly ErrorCode[] = ['UNPROVABLE', 'PROVER_FAILED', 'RANGE_EXCEEDED', 'USAGE'];

/** Makes a problem of an error that one of these codes says is the manifest's; throws any other. */
async function orProblem<T>(
  problems: AuditProblem[],
  code: AuditCode,
  causes: readonly ErrorCode[],
  act: () => T | Promise<T>,
): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof TesseraError) || !causes.includes(error.code)) throw error;
    const { message, remedy } = error;
    problems.push({ code, message, ...(remedy === undefined ? {} : { remedy }) });
    return undefined;
  }
}

function unprovable(model: Model, slicing: Slicing, prover: EzklProver): AuditProblem[] {
  return slicing.segments.flatMap((segment) =>
    unsupportedNodes(model, segment, [prover]).map(({ node, operator, reason, remedy }) => ({
      code: 'OPERATOR_UNPROVABLE' as const,
      message: `${node} (${operator}): ${reason}`,
      segment: segment.id,
      remedy,
    })),
  );
}

/** The scheme that the manifest states for each tensor; the plan's choice for one that it does not know. */
function statedSchemes({ graph }: Manifest, wiring: Wiring) {
  const stated = graph.edges.map(({ name, type }) => [name, type.scheme.name] as const);
  return new Map([...chooseSchemes(wiring, { input: false, output: false }), ...stated]);
}

/**
 * Gives every segment the parameters of the circuit that the manifest assigns to the segment of its id, or else of
 * its place. `undefined`, with problems, where the recipe has none.
 */
function planAsStated(
  { graph, circuits, recipe }: Manifest,
  drafts: readonly SegmentDraft[],
  problems: AuditProblem[],
): SegmentPlan[] | undefined {
  const invalid = (message: string) => void problems.push({ code: 'RECIPE_INVALID', message });
  if (recipe.parameters.length !== circuits.length) {
    invalid(
      `the recipe has parameters of ${recipe.parameters.length} circuits; there are ${circuits.length}`,
    );
  }
  const parameters = recipe.parameters.map((text): EzklParams | undefined => {
    try {
      return parseParams(text);
    } catch (error) {
      if (!(error instanceof TesseraError)) throw error;
      invalid(error.message);
      return undefined;
    }
  });
  const circuitOf = new Map(graph.segments.map(({ id, circuit }) => [id, circuit]));
  const plans = drafts.flatMap((draft, index): SegmentPlan[] => {
    const circuit = circuitOf.get(draft.id) ?? graph.segments[index]?.circuit;
    const params = circuit === undefined ? undefined : parameters[circuit];
    return params === undefined ? [] : [{ ...draft, params }];
  });
  if (plans.length === drafts.length) return plans;
  invalid(`the recipe has parameters for ${plans.length} of the ${drafts.length} segments that it gives`);
  return undefined;
}
