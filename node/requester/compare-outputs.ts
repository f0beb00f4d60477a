import { dequantise } from '../../protocol/quantise.ts';
import { type Closeness, closeness, unfaithful } from '../model/closeness.ts';
import { infer } from '../model/inference.ts';
import { doublesOf } from '../model/tensor-data.ts';
import { withJoined } from '../model/tile/index.ts';
import type { Job } from './job.ts';

/** One output as the model computes it in floats, and as it was proven. */
export interface OutputComparison extends Closeness {
  name: string;
  float: Float64Array;
  proven: Float64Array;
}

/** What a job's proven outputs are beside those of the float model. */
export async function compareOutputs(job: Job, signal?: AbortSignal): Promise<OutputComparison[]> {
  const { imported, inputs, cut, compiled } = job;
  const { graph } = compiled;
  const expected = await infer(imported.model, inputs, signal);
  const values = withJoined(job.values, cut.blocks);
  return graph.outputs.flatMap((index) => {
    const edge = graph.edges[index];
    const tensor = edge && expected.get(edge.name);
    if (edge === undefined || tensor === undefined) return [];
    const float = doublesOf(tensor);
    const proven = dequantise(values.get(edge.name) ?? [], edge.type.scale);
    return [{ name: edge.name, float, proven, ...closeness(float, proven, tensor.dims) }];
  });
}

/** Of outputs that are not what the float model gives. */
export function warningsOf(outputs: readonly (Closeness & { name: string })[]): string[] {
  return outputs.flatMap((output) => {
    const reason = unfaithful(output);
    return reason === undefined
      ? []
      : [
          `The proven output ${output.name} is not what the model computes: ${reason}. Give samples of the inputs that will be proven (--calibrate FILE), or more bits (--scale, for circuits of ezkl).`,
        ];
  });
}
