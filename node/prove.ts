import writeFileAtomic from 'write-file-atomic';
import { encodeCertificate } from '../protocol/certificate-codec.ts';
import { checkKeys } from '../protocol/check/keys.ts';
import type { Hex32 } from '../protocol/edge.ts';
import { TesseraError } from '../protocol/errors.ts';
import { modelId } from '../protocol/ids.ts';
import { dequantise, quantise } from '../protocol/quantise.ts';
import type { Trust } from '../protocol/srs.ts';
import type { ProofVerifier } from '../protocol/verifier.ts';
import { nodeCost } from './model/cost.ts';
import { importModel } from './model/import/index.ts';
import { infer, type NamedTensors } from './model/inference.ts';
import { samplesFrom } from './model/samples.ts';
import { formatStrategy, parseDirectStrategy, slice } from './model/slice/index.ts';
import { doublesOf } from './model/tensor-data.ts';
import { inputsFrom, readTensorFile, shapeIn } from './model/tensor-file.ts';
import { writeOpening } from './opening-file.ts';
import { version } from './package.ts';
import { assignProvers } from './plan/assign.ts';
import { calibrateModel } from './plan/calibration.ts';
import type { ParameterChoice } from './plan/parameters/choice.ts';
import { planJob, type Target } from './plan/plan.ts';
import { parseCommitted } from './plan/schemes.ts';
import type { RunOptions } from './progress.ts';
import { verificationDataOf } from './provers/ezkl/verifier/index.ts';
import { type Provers, proverNamed } from './provers/provers.ts';
import { drawBlindings } from './requester/blindings.ts';
import { certify } from './requester/certify.ts';
import { type CircuitSegment, compileSegments } from './requester/compile.ts';
import { type EdgeValues, execute } from './requester/execute.ts';
import { buildGraph, type CompiledGraph } from './requester/graph.ts';
import { proveSegments } from './requester/prove-segments.ts';
import { concurrentPeak, type ProverLimits, type ProverUse } from './requester/prover-call.ts';
import { recipeOf } from './requester/recipe.ts';
import { srsFiles } from './requester/srs-files.ts';

export interface ProveOptions extends RunOptions {
  /** Path of the ONNX file. */
  model: string;
  /** A file of input tensors. */
  input: string;
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
  /** A file of sample inputs, from which the scales of Tessera's own circuits follow; the input itself unless given. */
  calibration?: string;
  /** Fractional bits of inputs and weights in ezkl's circuits; its default unless given. */
  scale?: number;
  /** Where the certificate is written. */
  out: string;
}

export interface ProveModules {
  /** In the order of preference. */
  provers: Provers;
  /** How the parameters of each prover's circuits are chosen, by its name. */
  choices: ReadonlyMap<string, ParameterChoice>;
  /** One for every adapter of these provers. */
  verifiers: readonly ProofVerifier[];
}

/** One output as the model computes it in floats, and as it was proven. */
export interface OutputComparison {
  name: string;
  float: Float64Array;
  proven: Float64Array;
  maxDifference: number;
}

export interface ProveReport {
  /** Path of the certificate. */
  certificate: string;
  /** Path of what opens its blinded edges, where it has any; to be kept secret. */
  opening?: string;
  /** modelId. */
  model: Hex32;
  trust: Trust;
  /** Proving only, a segment; `peakBytes` is the prover process's. Both are 0 for a proof that was in the cache. */
  segments: readonly { id: string; prover: string; seconds: number; peakBytes: number }[];
  /** The whole job, from reading the model to writing the certificate. */
  seconds: number;
  /** The most that prover processes took at one time. */
  peakBytes: number;
  outputs: readonly OutputComparison[];
}

/**
 * Proves a model's inference on one input, on this machine: import, slice, plan, compile, execute, prove, certify.
 * What was done before is taken from the cache, so an interrupted job goes on where it stopped.
 *
 * @throws TesseraError of the stage that failed; nothing is written then
 */
export async function prove(options: ProveOptions, modules: ProveModules): Promise<ProveReport> {
  const { signal, onProgress, limits } = options;
  const { choices, verifiers } = modules;
  const provers = proversFor(options.prover ?? 'auto', modules.provers);
  const started = performance.now();
  const uses: ProverUse[] = [];
  const running = {
    ...(signal ? { signal } : {}),
    ...(onProgress ? { onProgress } : {}),
    onUse: uses.push.bind(uses),
  };

  const strategy = parseDirectStrategy(options.strategy);
  const committed = parseCommitted(options.commit);
  onProgress?.({ type: 'stage', stage: 'import', done: 0, total: 1 });
  const given = await readTensorFile(options.input);
  const imported = await importModel(options.model, {
    ...(options.shapes ? { shapes: options.shapes } : {}),
    shapeAtHand: (name) => shapeIn(given, name),
    ...(signal ? { signal } : {}),
  });
  const { model } = imported;
  const tensors = inputsFrom(given, model);
  const slicing = slice(model, strategy, (node) => nodeCost(model, node));
  const samples = async () =>
    options.calibration === undefined
      ? [tensors]
      : samplesFrom(await readTensorFile(options.calibration), model);
  const plans = await planJob(
    {
      model,
      slicing,
      assignment: assignProvers(model, slicing, provers),
      committed,
      target: options.target ?? 'offline',
      context: {
        ...(options.scale === undefined ? {} : { scale: options.scale }),
        memory: limits.memory,
        parallel: limits.parallel,
        ranges: async () => calibrateModel(model, await samples(), running),
      },
    },
    { provers, choices },
    running,
  );

  const segments = await compileSegments(plans, provers, limits, running);
  const compiled = buildGraph(segments, model.inputs, model.outputs);
  const floats = new Map([...tensors].map(([name, tensor]) => [name, doublesOf(tensor)]));
  const values = await execute(segments, quantiseInputs(compiled, floats), provers, limits, running);
  const blindings = drawBlindings(plans);
  const proofs = await proveSegments(segments, { values, blindings }, provers, limits, running);

  onProgress?.({ type: 'stage', stage: 'certify', done: 0, total: 1 });
  const files = await srsFiles(plans, provers, signal ? { signal } : {});
  const certificate = await certify(
    {
      compiled,
      recipe: recipeOf({ imported, strategy: formatStrategy(strategy), version, compiled }),
      proofs,
      values,
      floats,
      concealed: new Set([
        ...(committed.input ? model.inputs : []),
        ...(committed.output ? model.outputs : []),
      ]),
      srs: new Map([...files].map(([id, file]) => [id, verificationDataOf(file)])),
      srsFiles: files,
    },
    provers,
    verifiers,
  );
  const opening = blindings.size === 0 ? undefined : `${options.out}.opening`;
  if (opening !== undefined) {
    await writeOpening(opening, Object.fromEntries([...blindings].map(([name, value]) => [name, [value]])));
  }
  await writeCertificate(options.out, encodeCertificate(certificate));
  onProgress?.({ type: 'stage', stage: 'certify', done: 1, total: 1 });

  const outputs = compareOutputs(compiled, values, await infer(model, tensors, signal));
  return {
    certificate: options.out,
    model: modelId(certificate.manifest),
    ...(opening === undefined ? {} : { opening }),
    trust: checkKeys(certificate, verifiers).trust,
    segments: segments.map((segment) => segmentReport(segment, uses)),
    seconds: (performance.now() - started) / 1000,
    peakBytes: concurrentPeak(uses),
    outputs,
  };
}

/** @throws TesseraError `PROVER_MISSING` for the name of one that this machine does not have */
function proversFor(name: string, provers: Provers): Provers {
  return name === 'auto' ? provers : new Map([[name, proverNamed(provers, name)]]);
}

/** The integers of every input of the whole that a segment reads, at its edge's scale. */
function quantiseInputs({ graph }: CompiledGraph, floats: ReadonlyMap<string, Float64Array>): EdgeValues {
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

async function writeCertificate(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFileAtomic(path, Buffer.from(bytes));
  } catch (cause) {
    throw new TesseraError('STORAGE_FAILED', {
      message: `The certificate cannot be written to ${path}`,
      remedy: 'Choose another path for --out and run again: all proofs are in the cache.',
      cause,
    });
  }
}

function compareOutputs(
  { graph }: CompiledGraph,
  values: EdgeValues,
  expected: NamedTensors,
): OutputComparison[] {
  return graph.outputs.flatMap((index) => {
    const edge = graph.edges[index];
    const tensor = edge && expected.get(edge.name);
    if (edge === undefined || tensor === undefined) return [];
    const float = doublesOf(tensor);
    const proven = dequantise(values.get(edge.name) ?? [], edge.type.scale);
    const maxDifference = float.reduce(
      (most, x, i) => Math.max(most, Math.abs(x - (proven[i] ?? Number.NaN))),
      0,
    );
    return [{ name: edge.name, float, proven, maxDifference }];
  });
}

function segmentReport(
  { plan, compiled }: CircuitSegment,
  uses: readonly ProverUse[],
): ProveReport['segments'][number] {
  const own = uses.filter(
    ({ segment, stage, cached }) => segment === plan.id && stage === 'prove' && !cached,
  );
  return {
    id: plan.id,
    prover: compiled.circuit.prover,
    seconds: own.reduce((sum, { seconds }) => sum + seconds, 0),
    peakBytes: Math.max(0, ...own.map(({ peakBytes }) => peakBytes)),
  };
}
