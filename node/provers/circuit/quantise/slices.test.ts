import { describe, expect, it } from 'vitest';
import { interpret } from '../../../../protocol/arithmetic/interpreter.ts';
import type { QuantisedTensor, Values } from '../../../../protocol/arithmetic/tensor.ts';
import { readDigits } from '../../../demo/digits.ts';
import { importModel } from '../../../model/import/import-model.ts';
import type { Model } from '../../../model/model.ts';
import { calibrate, openFloatRunner } from './calibrate.ts';
import { quantiseInputs } from './fidelity.ts';
import { edgeInterval, quantiseModel } from './quantise-model.ts';

const file = (path: string): string => new URL(`../../../../${path}`, import.meta.url).pathname;

/** The nodes [start, end) of a chain as a model of its own. */
function segment(model: Model, start: number, end: number): Model {
  const nodes = model.nodes.slice(start, end);
  return { ...model, nodes, inputs: [nodes[0]?.inputs[0] ?? ''], outputs: [nodes.at(-1)?.outputs[0] ?? ''] };
}

describe('slices of LeNet', () => {
  // After a convolution, before its ReLU; after a ReLU, before its pooling; after a pooling.
  it.each([1, 2, 3, 5, 9])(
    'cut after node %i give what the whole gives, integer for integer',
    async (cut) => {
      const { model } = await importModel(file('models/lenet.onnx'));
      const digits = await readDigits(
        file('data/mnist/test-images-idx3-ubyte.gz'),
        file('data/mnist/test-labels-idx1-ubyte.gz'),
      );
      const samples = digits.images
        .slice(0, 20)
        .map((image) => new Map([['image', Float32Array.from(image, (pixel) => pixel / 255)]]));
      const runner = await openFloatRunner(model);
      const ranges = await calibrate(runner, samples);
      await runner.close();
      const edge = model.nodes[cut - 1]?.outputs[0] ?? '';
      const edges = new Set([edge]);
      const whole = await quantiseModel(model, ranges, { edges });
      const edgeTensor = whole.model.tensors.get(whole.names.get(edge) ?? '') as QuantisedTensor;

      const first = await quantiseModel(segment(model, 0, cut), ranges, { edges });
      const inputTypes = new Map([[edge, { scale: edgeTensor.scale, ...edgeInterval(edgeTensor) }]]);
      const second = await quantiseModel(segment(model, cut, model.nodes.length), ranges, { inputTypes });

      for (const sample of samples) {
        const inputs = quantiseInputs(whole.model, sample);
        const expected = interpret(whole.model, inputs);
        const [firstOutput = ''] = first.model.outputs;
        const between = interpret(first.model, inputs).get(firstOutput) as Values;
        expect(between).toEqual(expected.get(whole.names.get(edge) ?? ''));
        const [secondOutput = ''] = second.model.outputs;
        const result = interpret(second.model, new Map([[edge, between]])).get(secondOutput);
        expect(result).toEqual(expected.get(whole.model.outputs[0] ?? ''));
        expect(second.model.tensors.get(secondOutput)?.scale).toBe(
          whole.model.tensors.get(whole.model.outputs[0] ?? '')?.scale,
        );
      }
    },
  );
});
