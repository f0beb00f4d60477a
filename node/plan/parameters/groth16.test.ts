import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { importModel } from '../../model/import/index.ts';
import { tensorOf } from '../../model/tensor-data.ts';
import { compileSegment } from '../../provers/groth16/compile-segment.ts';
import { parseGroth16Params } from '../../provers/groth16/parameters.ts';
import { calibrateModel } from '../calibration.ts';
import type { SegmentDraft } from '../draft.ts';
import { chooseForGroth16 } from './groth16.ts';

const file = fileURLToPath(new URL('../../../models/cnn-small.onnx', import.meta.url));

test.each(['poseidon2', 'public'] as const)(
  'expects the constraints that a circuit with %s ports will have',
  async (scheme) => {
    const { model } = await importModel(file, {});
    const [input = ''] = model.inputs;
    const type = { element: 'float32', shape: [1, 1, 28, 28] } as const;
    const pixels = Float32Array.from({ length: 784 }, (_, i) => ((i * 37) % 256) / 255);
    const ranges = await calibrateModel(model, [new Map([[input, tensorOf(input, type, pixels)]])]);
    const port = { scheme, blinded: false };
    const segment: SegmentDraft = {
      id: 'whole',
      model,
      inputs: model.inputs,
      outputs: model.outputs,
      inputPorts: [port],
      outputPorts: [port],
      prover: 'groth16',
    };
    const { params, expected } = await chooseForGroth16([segment], {
      ranges: async () => ranges,
      inputBits: async () => 7,
      edges: new Set(),
      memory: 2 ** 31,
      scale: async () => 7,
    });
    const source = { model, inputs: [port], outputs: [port] };
    const { circuit } = await compileSegment(source, parseGroth16Params(params[0] ?? ''));
    // Wires that hold the sums of long expressions are not foreseen.
    const ratio = (expected[0]?.constraints ?? 0) / circuit.constraintCount;
    expect(ratio).toBeGreaterThan(0.98);
    expect(ratio).toBeLessThanOrEqual(1);
  },
);
