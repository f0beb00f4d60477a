import { join } from 'node:path';
import { expect, test } from 'vitest';
import { importModel } from '../../model/import/index.ts';
import { packageRoot } from '../../package.ts';
import { ezklByDefault } from './ezkl-by-default.ts';

// Measured by bench/baseline on two quiet cores: k, rows, seconds of setup and proof together, peak memory.
test.each([
  ['cnn-small.onnx', { k: 16, rows: 41_860, seconds: 14.9, bytes: 688e6 }],
  ['lenet.onnx', { k: 19, rows: 342_986, seconds: 225, bytes: 11_667e6 }],
])('ezkl’s defaults give %s the circuit that they do, and about what it takes', async (name, measured) => {
  const { model } = await importModel(join(packageRoot, 'models', name), {});
  const cost = ezklByDefault(model);
  expect([cost.k, cost.constraints]).toEqual([measured.k, measured.rows]);
  const seconds = cost.setupSeconds + cost.proveSeconds;
  for (const ratio of [seconds / measured.seconds, cost.proveBytes / measured.bytes]) {
    expect(Math.abs(ratio - 1)).toBeLessThan(0.4);
  }
});
