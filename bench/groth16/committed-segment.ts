import type { Model } from '../../node/model/model.ts';
import { calibrate, openFloatRunner, type QuantiseOptions } from '../../node/provers/circuit/index.ts';
import { formatGroth16Params, groth16Params } from '../../node/provers/groth16/parameters.ts';
import type { Port, SegmentSource } from '../../node/provers/prover.ts';

const committed: Port = { scheme: 'poseidon2', blinded: false };

/** A whole model as one segment of Tessera's own circuits, its input and output committed. */
export async function committedSegment(
  model: Model,
  samples: readonly Float32Array[],
  signal: AbortSignal,
  options: Partial<QuantiseOptions> = {},
): Promise<{ source: SegmentSource; params: string }> {
  const [input = ''] = model.inputs;
  const runner = await openFloatRunner(model);
  try {
    const ranges = await calibrate(
      runner,
      samples.map((sample) => new Map([[input, sample]])),
      { signal },
    );
    return {
      source: { model, inputs: [committed], outputs: [committed] },
      params: formatGroth16Params(groth16Params(model, ranges, new Set(), options)),
    };
  } finally {
    await runner.close();
  }
}
