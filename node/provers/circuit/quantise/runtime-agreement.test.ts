import fc from 'fast-check';
import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import type { QuantisedTensor } from '../../../../protocol/arithmetic/tensor.ts';
import type { Draft } from '../../../model/draft.ts';
import { normalise } from '../../../model/import/normalise.ts';
import { encodeModel } from '../../../model/onnx/encode.ts';
import { openPlainSession } from '../../../model/ort.ts';
import * as random from '../../../model/test-models/random-models.ts';
import { compileCircuit } from '../compile.ts';
import { firstViolation } from '../language/satisfied.ts';
import { generateWitness } from '../witness.ts';
import { calibrate, type FloatInputs, openFloatRunner } from './calibrate.ts';
import { quantiseInputs } from './fidelity.ts';
import { quantiseModel } from './quantise-model.ts';
import { dequantise } from './scale.ts';
import { unsupportedNode } from './unsupported.ts';

/** What ONNX Runtime computes; nothing for a model that it refuses. */
async function expectedOutputs(
  draft: Draft,
  inputs: FloatInputs,
): Promise<Map<string, Float32Array> | undefined> {
  try {
    const session = await openPlainSession(await encodeModel(draft));
    try {
      const feeds = [...inputs].map(([name, values]) => {
        const shape = draft.types.get(name)?.shape as readonly number[];
        return [name, new Tensor('float32', values, shape)] as const;
      });
      const results = await session.run(Object.fromEntries(feeds));
      return new Map(draft.outputs.map((name) => [name, results[name]?.data as Float32Array]));
    } finally {
      await session.release();
    }
  } catch {
    return undefined;
  }
}

/**
 * Holds a model's circuit against ONNX Runtime.
 *
 * @param tolerance largest difference of an output, as a part of 1 plus its magnitude
 * @returns whether there is a circuit
 */
async function agrees(draft: Draft, seed: number, tolerance: number): Promise<boolean> {
  const inputs = new Map(
    draft.inputs.map(
      (name, i) => [name, random.eighths(draft.types.get(name)?.shape as number[], seed + i)] as const,
    ),
  );
  const expected = await expectedOutputs(draft, inputs);
  if (expected === undefined || [...expected.values()].some((values) => values.length === 0)) return false;
  const model = await normalise(draft);
  if (model.nodes.some((node) => unsupportedNode(model, node) !== undefined)) return false;
  const runner = await openFloatRunner(model);
  const ranges = await calibrate(runner, [inputs]).finally(() => runner.close());
  const { model: quantised } = await quantiseModel(model, ranges, { outputBits: 24 });
  const port = (name: string) => {
    const { lo, hi } = quantised.tensors.get(name) as QuantisedTensor;
    return { lo, hi, binding: { scheme: 'public' } as const };
  };
  const ports = { inputs: quantised.inputs.map(port), outputs: quantised.outputs.map(port) };
  const circuit = compileCircuit(quantised, ports);
  const integers = [...quantiseInputs(quantised, inputs).values()];
  const { bytes, outputs } = generateWitness(circuit, { inputs: integers, context: 1n });
  expect(firstViolation(circuit.constraints, bytes)).toBeUndefined();
  model.outputs.forEach((name, i) => {
    const { scale = 0 } = quantised.tensors.get(quantised.outputs[i] ?? '') ?? {};
    const actual = dequantise(outputs[i] ?? [], scale);
    const floats = expected.get(name) ?? [];
    expect(actual.length).toBe(floats.length);
    const far = actual.findIndex((value, at) => {
      const wanted = floats[at] ?? Number.NaN;
      return !(Math.abs(value - wanted) <= tolerance * (1 + Math.abs(wanted)));
    });
    if (far >= 0) expect({ at: far, value: actual[far] }).toEqual({ at: far, value: floats[far] });
  });
  return true;
}

describe('circuits agree with ONNX Runtime', () => {
  it.each([
    ['Conv', random.convolutions, 0],
    ['MaxPool', random.maxima, 0],
    ['AveragePool', random.averages, 2 ** -9],
    ['ReduceMean', random.means, 2 ** -9],
    ['GlobalAveragePool', random.globalMeans, 2 ** -9],
    ['Resize', random.resizes, 0],
    ['Slice', random.slices, 0],
    ['Pad', random.pads, 0],
    ['Transpose, Flatten, Reshape, Squeeze and Unsqueeze', random.moves, 0],
    ['Split', random.splits, 0],
    ['Concat', random.joins, 0],
    ['Add, Sub and Mul', random.sums, 0],
    ['Clip', random.clips, 0],
    ['LeakyRelu and PRelu', random.slopes, 0],
    ['Gemm and MatMul', random.products, 0],
    ['ReLUs in a row', random.rectified, 0],
  ] as const)('on %s', async (_, models, tolerance) => {
    let circuits = 0;
    const property = fc.asyncProperty(models, fc.nat(10_000), async (draft, seed) => {
      if (await agrees(draft, seed, tolerance)) circuits++;
    });
    await fc.assert(property, { numRuns: 20, seed: 5 });
    // What ONNX Runtime or the circuits refuse says nothing.
    expect(circuits).toBeGreaterThan(5);
  });
});
