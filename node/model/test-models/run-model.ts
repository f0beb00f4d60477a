import { Tensor } from 'onnxruntime-node';
import type { Draft } from '../draft.ts';
import { elementCount } from '../element.ts';
import { completeType } from '../import/known-type.ts';
import { encodeModel } from '../onnx/encode.ts';
import { openPlainSession } from '../ort.ts';
import { randomValues } from './random-values.ts';

/** Runs a model of float32 inputs on seeded random values, and gives its float32 outputs by name. */
export async function runModel(model: Draft, seed: number): Promise<Map<string, Float32Array>> {
  const session = await openPlainSession(await encodeModel(model));
  try {
    const feeds: Record<string, Tensor> = {};
    for (const [i, name] of model.inputs.entries()) {
      const type = model.types.get(name);
      const shape = (type && completeType(type)?.shape) ?? [];
      feeds[name] = new Tensor('float32', randomValues(elementCount(shape), seed + i), shape);
    }
    const results = await session.run(feeds);
    const outputs = new Map<string, Float32Array>();
    for (const name of model.outputs) {
      const tensor = results[name];
      if (!(tensor?.data instanceof Float32Array)) throw new Error(`The output ${name} is not float32.`);
      outputs.set(name, tensor.data);
    }
    return outputs;
  } finally {
    await session.release();
  }
}

/** The model with the input of its last softmax as a further output: logits do not saturate. */
export function withLogits(draft: Draft): Draft {
  const logits = draft.nodes.findLast((node) => node.operator === 'Softmax')?.inputs[0];
  return logits === undefined ? draft : { ...draft, outputs: [...draft.outputs, logits] };
}

/**
 * The largest amount by which a value leaves the tolerance |a − b| ≤ 1e-5 · max|b| + 1e-4 · |b|, as a
 * multiple of it; at most 1 when all are equal. NaN and infinities must stand in the same places.
 */
export function worstDeviation(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (const value of expected) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  let worst = 0;
  for (const [i, b] of expected.entries()) {
    const a = actual[i] ?? Number.NaN;
    if (Object.is(a, b) || a === b) continue;
    const deviation = Math.abs(a - b) / (1e-5 * largest + 1e-4 * Math.abs(b));
    worst = Math.max(worst, Number.isNaN(deviation) ? Number.POSITIVE_INFINITY : deviation);
  }
  return worst;
}
