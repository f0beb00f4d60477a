import { expect } from 'vitest';
import { compare } from '../compare.ts';
import { nodeCost } from '../cost.ts';
import { elementCount } from '../element.ts';
import { normalise } from '../import/normalise.ts';
import { infer, type NamedTensors } from '../inference.ts';
import type { Model } from '../model.ts';
import { readModel } from '../onnx/index.ts';
import { type DirectStrategy, runSliced, type Slicing, slice } from '../slice/index.ts';
import { tensorOf } from '../tensor-data.ts';
import { randomValues } from './random-values.ts';
import { randomiseFills } from './randomise-fills.ts';
import { withLogits, worstDeviation } from './run-model.ts';

/** A model file imported with random weights for its fills, and with its logits as an output that tells inputs apart. */
export async function importRandomised(path: string): Promise<Model> {
  return normalise(withLogits(await randomiseFills(readModel(path).draft, 1)));
}

/**
 * Asserts that a model's segments, under each strategy, compute what the whole does, and that what they compute
 * varies with the input: equality of constants would show nothing.
 */
export async function expectSlicesEqual(
  model: Model,
  strategies: readonly DirectStrategy[],
): Promise<Slicing[]> {
  const inputs = centredInputs(model, 7);
  const whole = await infer(model, inputs);
  const logitsOf = (outputs: NamedTensors) => outputs.get(model.outputs.at(-1) ?? '')?.data as Float32Array;
  const other = await infer(model, centredInputs(model, 8));
  expect(worstDeviation(logitsOf(other), logitsOf(whole))).toBeGreaterThan(10);
  const slicings: Slicing[] = [];
  for (const strategy of strategies) {
    const slicing = slice(model, strategy, (node) => nodeCost(model, node));
    expect(compare(whole, await runSliced(model, slicing, inputs)).differences).toEqual([]);
    slicings.push(slicing);
  }
  return slicings;
}

/** One strategy of each kind; the cut is in the middle of the model. */
export function everyStrategy(model: Model): DirectStrategy[] {
  const middle = model.nodes[model.nodes.length >> 1]?.outputs[0] ?? '';
  return [{ kind: 'layer' }, { kind: 'parts', count: 3 }, { kind: 'cuts', tensors: [middle] }];
}

/** Values around zero: what all inputs have in common would drown their differences in a deep network. */
function centredInputs(model: Model, seed: number): NamedTensors {
  return new Map(
    model.inputs.map((name, index) => {
      const type = model.types.get(name) ?? { element: 'float32', shape: [] };
      return [name, tensorOf(name, type, randomValues(elementCount(type.shape), seed + index))] as const;
    }),
  );
}
