import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { EzklProofMeasurements } from '../../../bench/measurements/measurements.ts';
import { packageRoot } from '../../package.ts';
import { ezklCost } from './ezkl-cost.ts';
import { countTables, takesMaxima } from './ezkl-size.ts';

let samples: EzklProofMeasurements['samples'];

beforeAll(async () => {
  const data = join(packageRoot, 'bench/measurements/ezkl-proofs.json');
  samples = (JSON.parse(await readFile(data, 'utf8')) as EzklProofMeasurements).samples;
});

const predict = ({ rows, operators, ...params }: EzklProofMeasurements['samples'][number]) =>
  ezklCost({ rows, tables: countTables(operators), shuffles: takesMaxima(operators) }, params);

describe('ezklCost, against what was measured', () => {
  it('predicts memory and the sizes of keys within 25 %', () => {
    const wrong = samples.filter((sample) => {
      const { setupBytes, proveBytes, provingKeyBytes } = predict(sample);
      return [
        setupBytes / sample.setup.peakBytes,
        proveBytes / sample.prove.peakBytes,
        provingKeyBytes / sample.provingKeyBytes,
      ].some((ratio) => Math.abs(ratio - 1) > 0.25);
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  it('grows with the rows, the circuit and the inner columns', () => {
    const cost = (rows: number, k: number, innerColumns: number) => ezklCost({ rows }, { k, innerColumns });
    expect(cost(9_000, 12, 2).proveBytes).toBeGreaterThan(cost(4_000, 12, 2).proveBytes);
    expect(cost(4_000, 14, 2).proveSeconds).toBeGreaterThan(cost(4_000, 12, 2).proveSeconds);
    expect(cost(4_000, 12, 4).provingKeyBytes).toBeGreaterThan(cost(4_000, 12, 2).provingKeyBytes);
  });

  it('charges for tables that a small circuit splits over many columns', () => {
    const cost = (tables: number, k: number) => ezklCost({ rows: 1_000, tables }, { k, innerColumns: 1 });
    expect(cost(1, 11).proveBytes).toBeGreaterThan(4 * cost(0, 11).proveBytes);
    expect(cost(1, 11).proveBytes).toBeGreaterThan(cost(1, 14).proveBytes);
  });

  it('counts a table once, however many operators look up in it', () => {
    expect(countTables(['Exp', 'Softmax', 'Sigmoid', 'Relu'])).toBe(2);
    expect(countTables(['Relu', 'Conv'])).toBe(0);
  });
});
