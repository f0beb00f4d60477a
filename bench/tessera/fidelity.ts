import { mkdir } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { Tensor } from 'onnxruntime-node';
import { ArtifactCache } from '../../node/artifacts/cache.ts';
import { cacheLimit } from '../../node/cli/cache.ts';
import { nodeCost } from '../../node/model/cost.ts';
import { importModel } from '../../node/model/import/index.ts';
import { infer } from '../../node/model/inference.ts';
import type { Model } from '../../node/model/model.ts';
import { parseStrategy, slice } from '../../node/model/slice/index.ts';
import { planJob } from '../../node/plan/plan.ts';
import { createEzklProver } from '../../node/provers/ezkl/prover.ts';
import { developmentSrs } from '../../node/provers/ezkl/srs.ts';
import { compileSegments } from '../../node/requester/compile.ts';
import { execute } from '../../node/requester/execute.ts';
import { dataDirectory, environmentPython } from '../../node/setup/index.ts';
import { quantise } from '../../protocol/quantise.ts';
import type { PlanChoice } from './plan-choice.ts';

export interface FidelityOptions {
  /** ONNX file of one input and one output. */
  model: string;
  choice: PlanChoice;
  /** A data directory in which the model was proven under this choice, so that its keys are there. */
  home: string;
  /** Float inputs of the model. */
  samples: readonly Float32Array[];
  signal: AbortSignal;
}

/**
 * The share of samples whose class (the place of the largest output) is the float model's, when the sliced circuits
 * are executed by ezkl, each segment on what the one before it gave.
 */
export async function slicedFidelity({
  model: path,
  choice,
  home,
  samples,
  signal,
}: FidelityOptions): Promise<number> {
  const directory = dataDirectory(home);
  const scratch = join(directory.cache, 'scratch');
  await mkdir(scratch, { recursive: true });
  const cache = new ArtifactCache({ directory: directory.cache, maxBytes: cacheLimit });
  const parallel = availableParallelism();
  const prover = createEzklProver({
    python: environmentPython(directory.python),
    cache,
    srs: developmentSrs(cache),
    directory: scratch,
    workers: parallel,
  });
  try {
    const { model } = await importModel(path, { signal });
    const [input = ''] = model.inputs;
    const [output = ''] = model.outputs;
    const slicing = slice(model, parseStrategy(choice.by), (node) => nodeCost(model, node));
    const committed = { input: false, output: false };
    const plans = await planJob({ model, slicing, committed, parallel }, prover, { signal });
    const limits = { parallel: 1, memory: totalmem() };
    const segments = await compileSegments(plans, prover, limits, { signal });
    const scale = segments.find(({ plan }) => plan.inputs.includes(input))?.compiled.circuit.inputs[0]?.scale;
    let same = 0;
    for (const sample of samples) {
      const integers = quantise(Float64Array.from(sample), scale ?? 0);
      const values = await execute(segments, new Map([[input, integers]]), prover, limits, { signal });
      if (largestAt(values.get(output) ?? []) === (await floatClass(model, sample, signal))) same += 1;
    }
    return same / samples.length;
  } finally {
    await prover.close();
  }
}

async function floatClass(model: Model, sample: Float32Array, signal: AbortSignal): Promise<number> {
  const [input = ''] = model.inputs;
  const shape = model.types.get(input)?.shape ?? [];
  const outputs = await infer(model, new Map([[input, new Tensor('float32', sample, [...shape])]]), signal);
  return largestAt(outputs.get(model.outputs[0] ?? '')?.data as Float32Array);
}

function largestAt(values: ArrayLike<number> | readonly bigint[]): number {
  let place = 0;
  for (let i = 1; i < values.length; i += 1) {
    if ((values[i] as number | bigint) > (values[place] as number | bigint)) place = i;
  }
  return place;
}
