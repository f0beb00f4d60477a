import { type Comparison, compare } from './model/compare.ts';
import { importModel } from './model/import/index.ts';
import { infer, inferFile, type NamedTensors } from './model/inference.ts';
import { randomInputs } from './model/random-inputs.ts';
import { parseStrategy, runSliced } from './model/slice/index.ts';
import { inputsFrom, readTensorFile, shapeIn, type TensorFileSource } from './model/tensor-file.ts';
import { joinOutputs } from './model/tile/index.ts';
import { cutModel } from './plan/cut.ts';
import { segmentEstimator } from './plan/estimate.ts';
import type { RunOptions } from './progress.ts';
import { defaultEzklParams } from './provers/ezkl/parameters.ts';
import { proverSupport } from './provers/support.ts';

export interface RunModelOptions extends RunOptions {
  /** Path of the ONNX file. */
  model: string;
  /** Shapes for dynamic inputs; those left out follow the input file. */
  shapes?: Readonly<Record<string, readonly number[]>>;
  /** A file of inputs, or a seed to draw them from. */
  inputs: { file: TensorFileSource } | { seed: number };
  /** Slicing strategy, e.g. `layer`. */
  strategy: string;
}

export interface RunReport {
  segments: number;
  /** The largest over both comparisons. */
  maxAbsError: number;
  maxRelError: number;
  tolerance: number;
  equal: boolean;
  /** The imported model against the file as it is. */
  imported: Comparison;
  /** The segments one after another against the imported model. */
  sliced: Comparison;
  outputs: NamedTensors;
}

/** Runs a model three times on the same inputs: as its file is, imported, and in slices; and compares. */
export async function runModel(options: RunModelOptions): Promise<RunReport> {
  const { signal, onProgress } = options;
  const strategy = parseStrategy(options.strategy);
  onProgress?.({ type: 'stage', stage: 'import', done: 0, total: 1 });
  const source = options.inputs;
  const given = 'file' in source ? await readTensorFile(source.file) : source.seed;
  const { model } = await importModel(options.model, {
    ...(options.shapes ? { shapes: options.shapes } : {}),
    ...(typeof given === 'number' ? {} : { shapeAtHand: (name: string) => shapeIn(given, name) }),
    ...(signal ? { signal } : {}),
  });
  const inputs = typeof given === 'number' ? randomInputs(model, given) : inputsFrom(given, model);
  const estimate = segmentEstimator({ provers: proverSupport, scale: defaultEzklParams.scale });
  const cut = cutModel(model, strategy, estimate, signal ? { signal } : {});
  const original = await inferFile(options.model, inputs, signal);
  const whole = await infer(model, inputs, signal);
  const results = await runSliced(cut.model, cut.slicing, inputs, options);
  const outputs = joinOutputs(model.outputs, results, cut.blocks);
  const imported = compare(original, whole);
  const sliced = compare(whole, outputs);
  const most = (field: 'maxAbsError' | 'maxRelError' | 'tolerance') =>
    Math.max(imported[field], sliced[field]);
  return {
    segments: cut.slicing.segments.length,
    maxAbsError: most('maxAbsError'),
    maxRelError: most('maxRelError'),
    tolerance: most('tolerance'),
    equal: imported.equal && sliced.equal,
    imported,
    sliced,
    outputs,
  };
}
