import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { mixedModel } from '../tests/support/mixed-model.ts';
import { inspectionPage } from './inspect/page.ts';
import { inspectionText } from './inspect/text.ts';
import { type InspectedProver, type InspectReport, inspectLayers, inspectModel } from './inspect.ts';
import { lightModel } from './model/test-models/light-models.ts';
import { packageRoot } from './package.ts';
import { unsupportedNode } from './provers/circuit/index.ts';
import { unsupportedByEzkl } from './provers/ezkl/operators.ts';

const provers: readonly InspectedProver[] = [
  { name: 'ezkl', unsupported: unsupportedByEzkl },
  { name: 'groth16', unsupported: unsupportedNode },
];
const published = (name: string) => join(packageRoot, 'models', `${name}.onnx`);

let lenet: InspectReport;
beforeAll(async () => {
  lenet = await inspectModel({ model: published('lenet'), provers });
});

const layerOf = (report: Pick<InspectReport, 'layers'>, operator: string) => {
  const layer = report.layers.find((each) => each.operator === operator);
  if (layer === undefined) throw new Error(`There is no ${operator}.`);
  return layer;
};

describe('inspectModel', () => {
  it('counts parameters and multiplications of each layer', () => {
    // 6 filters of 5×5 and their biases, at 24×24 places.
    expect(layerOf(lenet, 'Conv')).toMatchObject({
      inputs: [{ shape: [1, 1, 28, 28] }],
      outputs: [{ shape: [1, 6, 24, 24] }],
      parameters: 156,
      multiplications: 6 * 24 * 24 * 25,
      supportedBy: ['ezkl', 'groth16'],
      unsupported: [],
    });
    expect(lenet.totals).toMatchObject({ parameters: 44_426, multiplications: 281_640 });
  });

  it('gives constraints per parameter under each prover, and null without parameters', () => {
    const { rows, constraintsPerParameter, groth16 } = layerOf(lenet, 'Conv');
    expect(constraintsPerParameter).toBeCloseTo((rows ?? 0) / 156);
    expect(groth16).toMatchObject({ constraints: 0, constraintsPerParameter: 0 });
    expect(layerOf(lenet, 'Relu')).toMatchObject({ parameters: 0, constraintsPerParameter: null });
    expect(lenet.totals.groth16?.constraints).toBeGreaterThan(70_000);
  });

  it('expects a size, times and memory for each layer', () => {
    for (const { ezkl } of lenet.layers) {
      expect(ezkl).toMatchObject({ k: lenet.params.k, fits: true });
      expect(Math.min(ezkl?.setupSeconds ?? 0, ezkl?.proveSeconds ?? 0)).toBeGreaterThan(0);
    }
    const peaks = lenet.layers.map(({ ezkl }) => Math.max(ezkl?.setupBytes ?? 0, ezkl?.proveBytes ?? 0));
    expect(lenet.totals.ezkl.peakBytes).toBe(Math.max(...peaks));
  });

  it('says which layers do not fit the memory, and chooses for the others', async () => {
    const memory = 400e6;
    const held = await inspectModel({ model: published('lenet'), provers, memory });
    const names = (fits: boolean) =>
      held.layers.filter(({ ezkl }) => ezkl?.fits === fits).map(({ operator }) => operator);
    expect(names(false)).toContain('Conv');
    expect(names(true)).toContain('Gemm');
    expect(held.totals.ezkl.peakBytes).toBeGreaterThan(memory);
  });

  it('finds what can be rewritten, and the rows that this saves', () => {
    expect(lenet.rewrites).toHaveLength(2);
    expect(lenet.rowsSaved).toBeGreaterThan(1_000);
  });

  it('takes a large network', async () => {
    const report = await inspectModel({ model: lightModel('light_vgg19'), provers });
    expect(report.totals.parameters).toBe(143_667_240);
    expect(report.totals.multiplications).toBe(19_632_062_464);
  });

  it('names an operator that no prover supports, and gives no total that would leave it out', () => {
    const report = inspectLayers(mixedModel(), { provers });
    expect(layerOf(report, 'LRN')).toMatchObject({
      rows: null,
      constraintsPerParameter: null,
      supportedBy: [],
      ezkl: null,
      groth16: null,
      unsupported: [
        { prover: 'ezkl', operator: 'LRN' },
        { prover: 'groth16', operator: 'LRN' },
      ],
    });
    expect(report.totals).toMatchObject({ rows: null, constraintsPerParameter: null, groth16: null });
  });

  it('refuses what is no model', async () => {
    await expect(inspectModel({ model: 'none.onnx', provers })).rejects.toMatchObject({
      code: 'MODEL_UNREADABLE',
    });
  });
});

describe('inspectionText', () => {
  it('has a line for each layer and the total', () => {
    const text = inspectionText(lenet);
    for (const { name } of lenet.layers) expect(text).toContain(name);
    expect(text).toContain('total');
    expect(text).toContain('activation after max-pooling');
  });
});

describe('inspectionPage', () => {
  it('holds every layer, drawn and in the table', () => {
    const page = inspectionPage(lenet, 'lenet.onnx');
    expect(page.match(/<rect /g)).toHaveLength(lenet.layers.length);
    for (const { name, operator } of lenet.layers) {
      expect(page).toContain(`<title>${name} (${operator})`);
      expect(page).toContain(`<td>${name}</td>`);
    }
  });

  it('loads nothing and runs nothing', () => {
    const page = inspectionPage(lenet, 'lenet.onnx');
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|\bsrc=|href=|https?:|url\((?!#)/);
  });

  it('shows names as text, whatever a model calls its layers', () => {
    const evil = '</title><script>alert("1")</script>';
    const page = inspectionPage(
      { ...lenet, layers: lenet.layers.map((layer) => ({ ...layer, name: evil, operator: evil })) },
      evil,
    );
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;');
  });
});
