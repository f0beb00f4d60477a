import { mkdir } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { ArtifactCache } from '../../node/artifacts/cache.ts';
import { nodeCost } from '../../node/model/cost.ts';
import { importModel } from '../../node/model/import/index.ts';
import { parseDirectStrategy, slice } from '../../node/model/slice/index.ts';
import { planJob } from '../../node/plan/plan.ts';
import { createEzklProver } from '../../node/provers/ezkl/prover.ts';
import { developmentSrs } from '../../node/provers/ezkl/srs.ts';
import { compileSegments } from '../../node/requester/compile.ts';
import { execute } from '../../node/requester/execute.ts';
import { dataDirectory, environmentPython } from '../../node/setup/index.ts';
import { quantise } from '../../protocol/quantise.ts';
import { sameClass } from '../classes.ts';
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
  const cache = new ArtifactCache({ directory: directory.cache, maxBytes: Number.MAX_SAFE_INTEGER });
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
    const slicing = slice(model, parseDirectStrategy(choice.by), (node) => nodeCost(model, node));
    const committed = { input: false, output: false };
    const plans = await planJob({ model, slicing, committed, parallel }, prover, { signal });
    const limits = { parallel: 1, memory: totalmem() };
    const segments = await compileSegments(plans, prover, limits, { signal });
    const scale = segments.find(({ plan }) => plan.inputs.includes(input))?.compiled.circuit.inputs[0]?.scale;
    return await sameClass(
      model,
      samples,
      async (sample) => {
        const integers = quantise(Float64Array.from(sample), scale ?? 0);
        const values = await execute(segments, new Map([[input, integers]]), prover, limits, { signal });
        return values.get(output) ?? [];
      },
      signal,
    );
  } finally {
    await prover.close();
  }
}
