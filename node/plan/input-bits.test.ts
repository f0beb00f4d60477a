import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readDigits } from '../demo/digits.ts';
import { importModel } from '../model/import/index.ts';
import type { NamedTensors } from '../model/inference.ts';
import type { Model, ModelNode } from '../model/model.ts';
import { tensorOf } from '../model/tensor-data.ts';
import { packageRoot } from '../package.ts';
import { defaultQuantiseOptions } from '../provers/circuit/index.ts';
import { calibrateModel } from './calibration.ts';
import { chooseInputBits } from './input-bits.ts';

const most = defaultQuantiseOptions.inputBits;

async function chosen(model: Model, samples: readonly NamedTensors[]): Promise<number> {
  return chooseInputBits(model, samples, await calibrateModel(model, samples));
}

describe('the bits of inputs that samples ask for', () => {
  let model: Model;
  let samples: readonly NamedTensors[];
  beforeAll(async () => {
    const digits = join(packageRoot, 'data', 'mnist');
    const [file, labels] = ['test-images-idx3-ubyte.gz', 'test-labels-idx1-ubyte.gz'] as const;
    const { images } = await readDigits(join(digits, file), join(digits, labels));
    ({ model } = await importModel(join(packageRoot, 'models', 'cnn-small.onnx'), {}));
    const [input = ''] = model.inputs;
    const type = { element: 'float32', shape: [1, 1, 28, 28] } as const;
    samples = images.slice(0, 100).map((image) => {
      const pixels = Float32Array.from(image, (pixel) => pixel / 255);
      return new Map([[input, tensorOf(input, type, pixels)]]);
    });
  });

  it('are few for digits', async () => {
    expect(await chosen(model, samples)).toBe(4);
  });

  it('are the default where few samples speak', async () => {
    expect(await chosen(model, samples.slice(0, 31))).toBe(most);
  });

  it('are the default where the output shows every one of them', async () => {
    const noise = Array.from({ length: 40 }, (_, i) => {
      const values = [1, 0.5 + i / 1_000, 0.5 - i / 1_000];
      return new Map([['x', tensorOf('x', { element: 'float32', shape: [1, 3] }, values)]]);
    });
    expect(await chosen(difference, noise)).toBe(most);
  });

  it('are the default for a model that another prover has a part in', async () => {
    const [node] = difference.nodes;
    const sine = { ...difference, nodes: [{ ...(node as ModelNode), operator: 'Sin', inputs: ['x'] }] };
    const ranges = new Map([['x', { min: 0, max: 1 }]]);
    expect(await chooseInputBits(sine, samples, ranges)).toBe(most);
  });
});

/** The second value less the third, which are near one another. */
const difference: Model = {
  name: 'difference',
  irVersion: 8,
  opsets: new Map([['', 13]]),
  inputs: ['x'],
  outputs: ['y'],
  nodes: [
    {
      name: 'difference',
      operator: 'MatMul',
      domain: '',
      inputs: ['x', 'weights'],
      outputs: ['y'],
      attributes: new Map(),
    },
  ],
  constants: new Map([
    [
      'weights',
      {
        type: { element: 'float32', shape: [3, 1] },
        source: { kind: 'bytes', bytes: new Uint8Array(Float32Array.of(0, 1, -1).buffer) },
      },
    ],
  ]),
  types: new Map([
    ['x', { element: 'float32', shape: [1, 3] }],
    ['y', { element: 'float32', shape: [1, 1] }],
  ]),
};
