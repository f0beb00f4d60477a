import type { EdgeType, Hex32 } from '../../protocol/edge.ts';
import { type ErrorCode, TesseraError } from '../../protocol/errors.ts';
import type { Circuit, Manifest } from '../../protocol/manifest.ts';
import { type ImportedModel, importModel } from '../model/import/index.ts';
import type { Model } from '../model/model.ts';
import { digestFiles, readModel } from '../model/onnx/index.ts';
import { parseDirectStrategy, type Slicing } from '../model/slice/index.ts';
import { type CutModel, cutModel } from '../plan/cut.ts';
import { draftSegments, type SegmentDraft, settlePorts } from '../plan/draft.ts';
import type { SegmentPlan } from '../plan/plan.ts';
import { unsupportedNodes } from '../plan/provability.ts';
import { chooseSchemes, type TensorBinding } from '../plan/schemes.ts';
import type { RunOptions } from '../progress.ts';
import type { Port, Prover, StatedCircuit } from '../provers/prover.ts';
import { type Provers, proverNamed } from '../provers/provers.ts';
import { type CircuitSegment, compileSegments, type MakeCircuit } from '../requester/compile.ts';
import { buildGraph } from '../requester/graph.ts';
import type { ProverLimits } from '../requester/prover-call.ts';
import { recipeOf } from '../requester/recipe.ts';
import { srsFiles } from '../requester/srs-files.ts';
import type { Wiring } from './compare-wiring.ts';
import type { AuditCode, AuditProblem } from './problem.ts';

export interface RebuildOptions extends RunOptions {
  /** Path of the ONNX file. */
  model: string;
  limits: ProverLimits;
  /** Artifacts that come with the manifest, by sha2-256; none for a bare one. */
  artifacts: ReadonlyMap<Hex32, Uint8Array>;
}

/** As much of a manifest as its recipe gave, and what kept it from giving the rest. */
export interface Rebuilt {
  problems: AuditProblem[];
  /** The model file, where it can be imported as the recipe says. */
  imported?: ImportedModel;
  /** Known once the model is sliced. */
  wiring?: Wiring;
  /** Known once the circuits are compiled. */
  manifest?: Manifest;
  segments?: readonly CircuitSegment[];
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
  provers: Provers,
): Promise<Rebuilt> {
  const problems: AuditProblem[] = [];
  const { recipe } = manifest;
  const { signal, onProgress, limits } = options;
  onProgress?.({ type: 'stage', stage: 'import', done: 0, total: 1 });
  const imported = await orProblem(problems, 'RECIPE_INVALID', recipeFaults, () =>
    importModel(options.model, { shapes: recipe.shapes, ...(signal ? { signal } : {}) }),
  );
  const sha256 = imported?.sha256 ?? (await digestFiles(readModel(options.model).files));
  const differing: AuditProblem[] =
    sha256 === recipe.model
      ? []
      : [
          {
            code: 'MODEL_DIFFERS',
            message: `the model file’s digest is ${sha256}; the recipe names ${recipe.model}`,
            remedy: 'Give the ONNX file that it was made from: --model FILE.',
          },
        ];
  // What a recipe gives of a model that it was not made for says nothing of the recipe.
  if (imported === undefined) return { problems: differing.length > 0 ? differing : problems };
  problems.push(...differing);

  const cut = await orProblem(problems, 'RECIPE_INVALID', recipeFaults, () =>
    cutModel(imported.model, parseDirectStrategy(recipe.strategy), () => undefined),
  );
  if (cut === undefined) return { problems: differing.length > 0 ? differing : problems, imported };
  const { model, slicing, blocks } = cut;
  const edgesOf = (names: readonly string[]) => names.map((name) => blocks.get(name)?.tensor ?? name);
  const wiring: Wiring = {
    segments: slicing.segments.map((segment) => ({
      id: segment.id,
      inputs: edgesOf(segment.inputs),
      outputs: edgesOf(segment.outputs),
    })),
    inputs: edgesOf(model.inputs),
    outputs: [...new Set(edgesOf(model.outputs))],
  };
  const stated = new StatedJob(manifest, cut);
  problems.push(...unprovable(model, slicing, (id) => proverNamed(provers, stated.proverOf(id))));
  const segmentsOf = slicing.segments.map((segment) => ({
    ...segment,
    binding: proverNamed(provers, stated.proverOf(segment.id)).binding,
  }));
  const nothing = { input: false, output: false };
  // The plan's choice for a tensor that the manifest does not know.
  const planned = chooseSchemes(
    { segments: segmentsOf, inputs: model.inputs, outputs: model.outputs },
    nothing,
  );
  const bindings = new Map([...planned, ...stated.bindings()]);
  const drafts = draftSegments(model, slicing, (id) => stated.proverOf(id), bindings);
  const plans = planAsStated(stated, drafts, problems);
  if (plans === undefined || problems.some(({ code }) => code === 'OPERATOR_UNPROVABLE')) {
    return { problems, imported, wiring };
  }

  const running = { ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}) };
  const srs = await orProblem(problems, 'RECIPE_INVALID', parameterFaults, () =>
    orProblem(problems, 'SRS_DIFFERS', ['SRS_INVALID'], () =>
      srsFiles(plans, provers, { ...(signal ? { signal } : {}), memoryLimit: limits.memory }),
    ),
  );
  if (srs === undefined) return { problems, imported, wiring };
  const others = [...srs.keys()].filter((id) => !manifest.srs.includes(id));
  if (others.length > 0) {
    problems.push({
      code: 'SRS_DIFFERS',
      message: `the manifest rests on SRS ${manifest.srs.join(', ')}; the prover has ${others.join(', ')}`,
      remedy: 'Give the SRS file that the circuits were made with: --srs FILE --srs-digest SHA256.',
    });
    return { problems, imported, wiring };
  }

  const make: MakeCircuit = (prover, source, plan, call) => {
    const circuit = stated.circuitOf(plan.id);
    if (prover.rebuild === undefined || circuit === undefined)
      return prover.compile(source, plan.params, call);
    return prover.rebuild(source, plan.params, statedCircuit(circuit, options.artifacts), call);
  };
  const made = await orProblem(problems, 'REBUILD_FAILED', compileFaults, async () => {
    const segments = await compileSegments(plans, provers, limits, { ...running, make });
    return { segments, compiled: buildGraph(segments, model.inputs, model.outputs, blocks) };
  });
  if (made === undefined) return { problems, imported, wiring };
  const { segments, compiled } = made;
  return {
    problems,
    imported,
    wiring,
    segments,
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
/** Errors that stated parameters cause when they are read. */
const parameterFaults: readonly ErrorCode[] = ['ENCODING_INVALID', 'USAGE'];
/** Errors that stated parameters and schemes cause in the prover. */
const compileFaults: readonly ErrorCode[] = [
  'ENCODING_INVALID',
  'INPUT_INVALID',
  'MODEL_INVALID',
  'UNPROVABLE',
  'PROVER_FAILED',
  'RANGE_EXCEEDED',
  'USAGE',
];

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

function unprovable(model: Model, slicing: Slicing, proverOf: (id: string) => Prover): AuditProblem[] {
  return slicing.segments.flatMap((segment) =>
    unsupportedNodes(model, segment, [proverOf(segment.id)]).map(({ node, operator, reason, remedy }) => ({
      code: 'OPERATOR_UNPROVABLE' as const,
      message: `${node} (${operator}): ${reason}`,
      segment: segment.id,
      remedy,
    })),
  );
}

/** What a manifest states of the segments that its recipe gives. */
class StatedJob {
  readonly manifest: Manifest;
  readonly #cut: CutModel;
  readonly #circuits: ReadonlyMap<string, number | undefined>;

  /** A segment has the circuit that the manifest assigns to the segment of its id, or else of its place. */
  constructor(manifest: Manifest, cut: CutModel) {
    const { segments } = manifest.graph;
    const assigned = new Map(segments.map(({ id, circuit }) => [id, circuit]));
    this.manifest = manifest;
    this.#cut = cut;
    this.#circuits = new Map(
      cut.slicing.segments.map(({ id }, index) => [id, assigned.get(id) ?? segments[index]?.circuit]),
    );
  }

  circuitIndexOf(segment: string): number | undefined {
    return this.#circuits.get(segment);
  }

  circuitOf(segment: string): Circuit | undefined {
    return this.manifest.circuits[this.#circuits.get(segment) ?? -1];
  }

  proverOf(segment: string): string {
    return this.circuitOf(segment)?.prover ?? '';
  }

  bindings(): ReadonlyMap<string, TensorBinding> {
    const tensors = this.#cut.slicing.segments.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]);
    return new Map(
      [...new Set(tensors)].flatMap((name) => {
        const scheme = this.#typeOf(name)?.scheme;
        if (scheme === undefined) return [];
        return [[name, { scheme: scheme.name, blinded: scheme.name === 'poseidon2' && scheme.blinded }]];
      }),
    );
  }

  /** What is settled of a tensor's type before its circuits are made: for one that several provers bind, by the plan. */
  settled(tensor: string): Port['settled'] {
    const touching = this.#cut.slicing.segments.filter(
      ({ inputs, outputs }) => inputs.includes(tensor) || outputs.includes(tensor),
    );
    const type = this.#typeOf(tensor);
    if (type === undefined || new Set(touching.map(({ id }) => this.proverOf(id))).size < 2) return undefined;
    const made = touching.some(({ outputs }) => outputs.includes(tensor));
    return { interval: type.interval, ...(made ? {} : { scale: type.scale }) };
  }

  #typeOf(tensor: string): EdgeType | undefined {
    const edge = this.#cut.blocks.get(tensor)?.tensor ?? tensor;
    return this.manifest.graph.edges.find(({ name }) => name === edge)?.type;
  }
}

function statedCircuit(circuit: Circuit, artifacts: ReadonlyMap<Hex32, Uint8Array>): StatedCircuit {
  const carried = Object.entries(circuit.artifacts).flatMap(([role, digest]) => {
    const bytes = artifacts.get(digest);
    return bytes === undefined ? [] : [[role, bytes] as const];
  });
  return { circuit, artifacts: Object.fromEntries(carried) };
}

/** Gives every segment the parameters of its stated circuit. `undefined`, with problems, where the recipe has none. */
function planAsStated(
  stated: StatedJob,
  drafts: readonly SegmentDraft[],
  problems: AuditProblem[],
): SegmentPlan[] | undefined {
  const { circuits, recipe } = stated.manifest;
  const invalid = (message: string) => void problems.push({ code: 'RECIPE_INVALID', message });
  if (recipe.parameters.length !== circuits.length) {
    invalid(
      `the recipe has parameters of ${recipe.parameters.length} circuits; there are ${circuits.length}`,
    );
  }
  const plans = drafts.flatMap((draft): SegmentPlan[] => {
    const circuit = stated.circuitIndexOf(draft.id);
    const params = circuit === undefined ? undefined : recipe.parameters[circuit];
    if (params === undefined) return [];
    return [{ ...settlePorts(draft, (tensor) => stated.settled(tensor)), params }];
  });
  if (plans.length === drafts.length) return plans;
  invalid(`the recipe has parameters for ${plans.length} of the ${drafts.length} segments that it gives`);
  return undefined;
}
