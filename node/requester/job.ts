import type { Certificate, Proof } from '../../protocol/certificate.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { quantise } from '../../protocol/quantise.ts';
import type { ProofVerifier } from '../../protocol/verifier.ts';
import { requireFinite } from '../model/finite.ts';
import { type ImportedModel, importModel } from '../model/import/index.ts';
import type { NamedTensors } from '../model/inference.ts';
import { samplesFrom } from '../model/samples.ts';
import { parseStrategy, type Strategy } from '../model/slice/index.ts';
import { doublesOf } from '../model/tensor-data.ts';
import { inputsFrom, readTensorFile, shapeIn, type TensorFileSource } from '../model/tensor-file.ts';
import { blocksByTensor, withBlocks, withJoined } from '../model/tile/index.ts';
import { version } from '../package.ts';
import { assignProvers } from '../plan/assign.ts';
import { calibrateModel, tileRanges } from '../plan/calibration.ts';
import type { CalibrationStore, UnusualSize, WidenedRanges } from '../plan/calibration-store.ts';
import { type CutModel, cutModel } from '../plan/cut.ts';
import { describePlan } from '../plan/describe-plan.ts';
import { segmentEstimator } from '../plan/estimate.ts';
import { chooseInputBits } from '../plan/input-bits.ts';
import { cutForOneScheme } from '../plan/one-scheme.ts';
import type { ParameterChoice } from '../plan/parameters/choice.ts';
import { type EstimatedPlan, planJob, type Target } from '../plan/plan.ts';
import { chooseScale } from '../plan/scale.ts';
import { type Committed, parseCommitted } from '../plan/schemes.ts';
import type { RunOptions } from '../progress.ts';
import { defaultQuantiseOptions } from '../provers/circuit/index.ts';
import { defaultEzklParams } from '../provers/ezkl/parameters.ts';
import { verificationDataOf } from '../provers/ezkl/verifier/index.ts';
import { type Provers, proverNamed } from '../provers/provers.ts';
import { type Blindings, drawBlindings } from './blindings.ts';
import { type CertificateDraft, type CertifyInit, certify, draftCertificate } from './certify.ts';
import { type CircuitSegment, compileSegments } from './compile.ts';
import { type EdgeValues, execute } from './execute.ts';
import { buildGraph, type CompiledGraph } from './graph.ts';
import type { ProverLimits, ProverUse } from './prover-call.ts';
import { recipeOf, strategyInRecipe } from './recipe.ts';
import { srsFiles } from './srs-files.ts';

/** What is to be proven, and how. */
export interface JobRequest {
  /** Path of the ONNX file. */
  model: string;
  /** A file of input tensors, or an image. */
  input: TensorFileSource;
  /** Shapes for dynamic inputs; those left out follow the input file. */
  shapes?: Readonly<Record<string, readonly number[]>>;
  /** Slicing strategy, e.g. `parts=3`. */
  strategy: string;
  /** What the job may use of this machine. */
  limits: ProverLimits;
  /** `input`, `output` or both: these stay commitments. */
  commit?: string;
  /** `auto` (the default), or the name of the prover that all segments shall have. */
  prover?: string;
  /** `offline` unless given. */
  target?: Target;
  /**
   * A file of sample inputs, from which the scales of all circuits and the bits of inputs follow; for Tessera's own
   * circuits they are kept. Without it, ezkl's have its default, and those of Tessera's own follow from the kept ones, or
   * this model's inputs so far: circuits and keys stay the same while inputs stay in range.
   */
  calibration?: string;
  /** Fractional bits of inputs and weights in ezkl's circuits; chosen by `calibration` unless given. */
  scale?: number;
}

export interface JobModules {
  provers: Provers;
  /** How the parameters of each prover's circuits are chosen, by its name. */
  choices: ReadonlyMap<string, ParameterChoice>;
  /** What inputs and samples have shown. */
  calibrations: CalibrationStore;
  /** One for every adapter of these provers. */
  verifiers: readonly ProofVerifier[];
}

/** A job whose segments can be proven, all at once: circuits with keys, and every edge's tensor. */
export interface Job {
  imported: ImportedModel;
  inputs: NamedTensors;
  cut: CutModel;
  committed: Committed;
  plans: readonly EstimatedPlan[];
  /** What may be used of this machine for it. */
  limits: ProverLimits;
  segments: readonly CircuitSegment[];
  compiled: CompiledGraph;
  values: EdgeValues;
  blindings: Blindings;
}

/** A job whose circuits are decided and not made yet. */
export interface PlannedJob extends Pick<Job, 'imported' | 'inputs' | 'cut' | 'committed' | 'plans'> {
  /** Keeps what this input showed, so that later inputs get the same circuits. */
  keepRanges(): Promise<void>;
}

/**
 * Goes the way of the data as far as the circuits: import, slice, plan.
 *
 * @throws TesseraError of the stage that failed
 */
export async function planRequest(
  request: JobRequest,
  modules: Pick<JobModules, 'provers' | 'choices' | 'calibrations'>,
  options: RunOptions = {},
): Promise<PlannedJob> {
  const { signal, onProgress } = options;
  const { limits } = request;
  const offered = proversFor(request.prover ?? 'auto', modules.provers);
  const strategy = withinMemory(parseStrategy(request.strategy), limits.memory);
  const committed = parseCommitted(request.commit);
  onProgress?.({ type: 'stage', stage: 'import', done: 0, total: 1 });
  const given = await readTensorFile(request.input);
  const imported = await importModel(request.model, {
    ...(request.shapes ? { shapes: request.shapes } : {}),
    shapeAtHand: (name) => shapeIn(given, name),
    ...(signal ? { signal } : {}),
  });
  const inputs = inputsFrom(given, imported.model);
  const samples =
    request.calibration === undefined
      ? undefined
      : samplesFrom(await readTensorFile(request.calibration, 'The file of --calibrate'), imported.model);
  for (const tensors of [inputs, ...(samples ?? [])]) requireFinite(tensors);
  onProgress?.({ type: 'stage', stage: 'plan', done: 0, total: 1 });
  const target = request.target ?? 'offline';
  const cutFor = (provers: Provers) => {
    const estimate = segmentEstimator({ provers, scale: request.scale ?? defaultEzklParams.scale });
    return {
      provers,
      estimate,
      cut: cutModel(imported.model, strategy, estimate, signal ? { signal } : {}),
    };
  };
  const { provers, estimate, cut } = target === 'chain' ? cutForOneScheme(offered, cutFor) : cutFor(offered);
  const { model, slicing, blocks } = cut;
  // Before anything is compiled: without it there is no certificate.
  strategyInRecipe(cut.strategy);
  let keepRanges = async () => {};
  let calibrated: ReturnType<typeof calibrateModel> | undefined;
  const calibrate = () => {
    calibrated ??= calibrateModel(cut.rewritten, samples ?? [inputs], options);
    return calibrated;
  };
  const of = { model: imported.sha256, rewrites: cut.rewrites };
  let widened: Promise<WidenedRanges> | undefined;
  const widen = () => {
    widened ??= calibrate().then((seen) => modules.calibrations.widened(of, seen, cut.rewritten.inputs));
    return widened;
  };
  let bits: Promise<number> | undefined;
  const inputBits = () => {
    bits ??=
      samples === undefined
        ? widen().then((kept) => kept.inputBits ?? defaultQuantiseOptions.inputBits)
        : calibrate().then((seen) => chooseInputBits(cut.rewritten, samples, seen, options));
    return bits;
  };
  // Without samples it must not depend on the input, or each input would need keys of its own.
  const scale = async () => {
    if (request.scale !== undefined || samples === undefined) return request.scale ?? defaultEzklParams.scale;
    return chooseScale(imported.model, samples, options);
  };
  const ranges = async () => {
    if (samples !== undefined) {
      const seen = await calibrate();
      keepRanges = async () =>
        modules.calibrations.settle(of, { ranges: seen, inputBits: await inputBits() });
      return tileRanges(seen, cut.origins);
    }
    const kept = await widen();
    keepRanges = kept.keep;
    if (kept.unusual !== undefined) onProgress?.({ type: 'note', message: describeUnusual(kept.unusual) });
    return tileRanges(kept.ranges, cut.origins);
  };
  const plans = await planJob(
    {
      model,
      slicing,
      assignment: assignProvers(model, slicing, provers, estimate, blocks),
      committed,
      target,
      context: { scale, memory: limits.memory, ranges, inputBits },
    },
    { provers, choices: modules.choices },
  );
  return { imported, inputs, cut, committed, plans, keepRanges: () => keepRanges() };
}

/**
 * Goes the way of the data as far as the proofs: import, slice, plan, compile, execute. What was done before is taken
 * from the cache.
 *
 * @throws TesseraError of the stage that failed
 */
export async function prepareJob(
  request: JobRequest,
  modules: Pick<JobModules, 'provers' | 'choices' | 'calibrations'>,
  options: RunOptions & { onUse?: (use: ProverUse) => void } = {},
): Promise<Job> {
  const { limits } = request;
  const { provers } = modules;
  const planned = await planRequest(request, modules, options);
  const { keepRanges, ...job } = planned;
  const { inputs, plans } = job;
  const { model, blocks } = job.cut;
  options.onProgress?.({ type: 'note', message: describePlan(plans) });
  const segments = await compileSegments(plans, provers, limits, options).catch(async (error: unknown) => {
    // A ceremony will be held for this very circuit, whatever the input of the next try.
    if (error instanceof TesseraError && error.code === 'KEYS_MISSING') await keepRanges();
    throw error;
  });
  const compiled = buildGraph(segments, model.inputs, model.outputs, blocks);
  const integers = withBlocks(quantiseInputs(compiled, inputs), blocks);
  const values = await execute(segments, integers, provers, limits, options);
  await keepRanges();
  const blindings = drawBlindings(plans);
  return { ...job, limits, segments, compiled, values, blindings };
}

/**
 * Puts a job's proofs into its certificate.
 *
 * @param proofs one a segment, in the graph's order
 * @throws TesseraError `PROVER_FAILED` when two proofs bind different values of one edge
 */
export async function certifyJob(
  job: Job,
  proofs: readonly Proof[],
  { provers, verifiers }: Pick<JobModules, 'provers' | 'verifiers'>,
  { signal }: RunOptions = {},
): Promise<Certificate> {
  const init = await certifyInit(job, provers, signal);
  return certify({ ...init, proofs }, provers, verifiers);
}

/** All of a job's certificate that is known before it is proven. */
export async function draftJobCertificate(
  job: Job,
  { provers }: Pick<JobModules, 'provers'>,
  { signal }: RunOptions = {},
): Promise<CertificateDraft> {
  return draftCertificate(await certifyInit(job, provers, signal), provers);
}

async function certifyInit(
  job: Job,
  provers: Provers,
  signal: AbortSignal | undefined,
): Promise<Omit<CertifyInit, 'proofs'>> {
  const { imported, cut, committed, compiled, plans, limits } = job;
  const { model } = imported;
  const files = await srsFiles(plans, provers, { memoryLimit: limits.memory, ...(signal ? { signal } : {}) });
  return {
    compiled,
    recipe: recipeOf({ imported, strategy: strategyInRecipe(cut.strategy), version, compiled }),
    values: withJoined(job.values, cut.blocks),
    floats: floatsOf(job.inputs),
    concealed: new Set([
      ...(committed.input ? model.inputs : []),
      ...(committed.output ? model.outputs : []),
    ]),
    srs: new Map([...files].map(([id, file]) => [id, verificationDataOf(file)])),
    srsFiles: files,
  };
}

function describeUnusual({ times, than }: UnusualSize): string {
  const number = Number(times.toPrecision(3));
  const lies =
    than === 'larger'
      ? `lies ${number} times outside of what the model has seen`
      : `is ${number} times smaller than what the model has seen`;
  return `This input ${lies}: is it normalised as in training? Its circuits are made for inputs of its size alone, and those of other inputs stay as they are. To set for which inputs circuits are made, give samples: --calibrate FILE.`;
}

/** The blinding values of a job by the names of its edges, one a block; empty where nothing is blinded. */
export function openingOf({ blindings, cut }: Job): Record<string, bigint[]> {
  const divided = blocksByTensor(cut.blocks);
  const whole = [...blindings].filter(([name]) => !cut.blocks.has(name));
  const parts = [...divided].flatMap(([tensor, blocks]): [string, bigint[]][] => {
    const values = blocks.flatMap(({ name }) => blindings.get(name) ?? []);
    return values.length === 0 ? [] : [[tensor, values]];
  });
  return Object.fromEntries([...whole.map(([name, value]) => [name, [value]] as const), ...parts]);
}

/** A strategy that leaves the choice to the plan keeps every segment within the job's memory, where it names no limit. */
function withinMemory(strategy: Strategy, memory: number): Strategy {
  return strategy.kind === 'limits' ? { kind: 'limits', limits: { memory, ...strategy.limits } } : strategy;
}

/** @throws TesseraError `PROVER_MISSING` for the name of one that this machine does not have */
function proversFor(name: string, provers: Provers): Provers {
  return name === 'auto' ? provers : new Map([[name, proverNamed(provers, name)]]);
}

function floatsOf(inputs: NamedTensors): Map<string, Float64Array> {
  return new Map([...inputs].map(([name, tensor]) => [name, doublesOf(tensor)]));
}

/** The integers of every input of the whole that a segment reads, at its edge's scale. */
function quantiseInputs({ graph }: CompiledGraph, inputs: NamedTensors): EdgeValues {
  const floats = floatsOf(inputs);
  return new Map(
    graph.inputs.map((index) => {
      const edge = graph.edges[index];
      const given = edge && floats.get(edge.name);
      if (edge === undefined || given === undefined) {
        throw new TesseraError('INTERNAL', { message: `edge ${index} is an input without a value` });
      }
      return [edge.name, quantiseNamed(edge.name, given, edge.type.scale)] as const;
    }),
  );
}

function quantiseNamed(name: string, values: Float64Array, scale: number): bigint[] {
  try {
    return quantise(values, scale);
  } catch (cause) {
    if (!(cause instanceof TesseraError)) throw cause;
    throw new TesseraError(cause.code, {
      message: `Input ${name}: ${cause.message}`,
      remedy: 'Give finite values, in the range that the model was trained for.',
      details: { tensor: name, ...cause.details },
      cause,
    });
  }
}
