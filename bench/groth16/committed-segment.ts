import type { Model, TensorType } from '../../node/model/model.ts';
import { tensorOf } from '../../node/model/tensor-data.ts';
import { calibrateModel } from '../../node/plan/calibration.ts';
import { chooseInputBits } from '../../node/plan/input-bits.ts';
import { formatGroth16Params, groth16Params } from '../../node/provers/groth16/parameters.ts';
import type { Port, SegmentSource } from '../../node/provers/prover.ts';

const committed: Port = { scheme: 'poseidon2', blinded: false };

/** A whole model as one segment of Tessera's own circuits, planned by samples, its input and output committed. */
export async function committedSegment(
  model: Model,
  samples: readonly Float32Array[],
  signal: AbortSignal,
): Promise<{ source: SegmentSource; params: string }> {
  const [input = ''] = model.inputs;
  const type = model.types.get(input) as TensorType;
  const tensors = samples.map((sample) => new Map([[input, tensorOf(input, type, sample)]]));
  const ranges = await calibrateModel(model, tensors, { signal });
  const inputBits = await chooseInputBits(model, tensors, ranges, { signal });
  return {
    source: { model, inputs: [committed], outputs: [committed] },
    params: formatGroth16Params(groth16Params(model, ranges, new Set(), { inputBits })),
  };
}
