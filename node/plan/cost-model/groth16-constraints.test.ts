import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Groth16Measurements } from '../../../bench/measurements/measurements.ts';
import { importModel } from '../../model/import/index.ts';
import type { Model } from '../../model/model.ts';
import { packageRoot } from '../../package.ts';
import { groth16Constraints } from './groth16-constraints.ts';
import { groth16Cost } from './groth16-cost.ts';

let samples: Groth16Measurements['samples'];

beforeAll(async () => {
  const data = join(packageRoot, 'bench/measurements/groth16.json');
  samples = (JSON.parse(await readFile(data, 'utf8')) as Groth16Measurements).samples;
});

const publishedModel = async (name: string): Promise<Model> =>
  (await importModel(join(packageRoot, 'models', `${name}.onnx`))).model;
const sampleOf = (name: string) => {
  const sample = samples.find((each) => each.name === name);
  if (sample === undefined) throw new Error(`There is no measurement of ${name}.`);
  return sample;
};

describe('groth16Constraints', () => {
  it.each(['mlp', 'cnn-small', 'lenet'])(
    'is within 10 % of the compiled circuit of %s, without calibration',
    async (name) => {
      const { total } = groth16Constraints(await publishedModel(name));
      expect(Math.abs(total / sampleOf(name).constraints - 1)).toBeLessThan(0.1);
    },
  );

  it('charges activations and maxima, not multiplications', async () => {
    const model = await publishedModel('lenet');
    const { nodes, boundary, total } = groth16Constraints(model);
    const of = (operator: string) =>
      model.nodes.flatMap((node, i) => (node.operator === operator ? [nodes[i] ?? 0] : []));
    expect(of('Conv')).toEqual([0, 0]);
    expect(of('Flatten')).toEqual([0]);
    expect(Math.min(...of('MaxPool'))).toBeGreaterThan(10_000);
    expect(nodes.reduce((sum, node) => sum + node, boundary)).toBe(total);
  });
});

describe('groth16Cost, against what was measured', () => {
  it('predicts memory and the sizes of keys within 25 %', () => {
    const wrong = samples.filter(({ constraints, terms, setup, prove, provingKeyBytes }) => {
      const cost = groth16Cost(constraints, terms);
      return [
        cost.setupBytes / setup.peakBytes,
        cost.proveBytes / prove.peakBytes,
        cost.provingKeyBytes / provingKeyBytes,
      ].some((ratio) => Math.abs(ratio - 1) > 0.25);
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });
});
