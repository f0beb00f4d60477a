import { describe, expect, it } from 'vitest';
import { branchingModel } from '../../../tests/support/branching-model.ts';
import type { FloatRange } from '../circuit/index.ts';
import { formatGroth16Params, groth16Params, parseGroth16Params } from './parameters.ts';

const model = branchingModel();
const tensors = [...model.inputs, ...model.nodes.flatMap((node) => node.outputs)];
const ranges = new Map<string, FloatRange>(
  [...tensors, 'elsewhere'].map((name, i) => [name, { min: -i / 3, max: 1e-7 + i }]),
);

describe('groth16Params', () => {
  it('keeps what the segment needs of the whole calibration', () => {
    const params = groth16Params(model, ranges, new Set(['elsewhere', ...model.outputs]), { weightBits: 9 });
    expect(Object.keys(params.ranges).sort()).toEqual([...tensors].sort());
    expect(params).toMatchObject({ edges: model.outputs, weightBits: 9, activationBits: 7 });
  });

  it('is read as it was written, whatever the order it was collected in', () => {
    const params = groth16Params(model, ranges, new Set(tensors));
    const text = formatGroth16Params(params);
    expect(parseGroth16Params(text)).toEqual(params);
    const reversed = Object.fromEntries(Object.entries(params.ranges).reverse());
    expect(formatGroth16Params({ ...params, ranges: reversed })).toBe(text);
  });

  it('refuses a calibration that no recipe can hold', () => {
    const params = groth16Params(model, ranges, new Set());
    const names = Array.from({ length: 3000 }, (_, i) => `a.rather.long.name.of.tensor.${i}`);
    const large = Object.fromEntries(names.map((name) => [name, [0, 1] as const]));
    expect(() => formatGroth16Params({ ...params, ranges: large })).toThrow(/124994 bytes/);
  });
});

describe('parseGroth16Params', () => {
  const params = { ...groth16Params(model, ranges, new Set()), ranges: { x: [-1, 1] as const } };
  const text = formatGroth16Params(params);
  it.each([
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['spaces', ` ${text}`],
    ['another order', JSON.stringify(params)],
    ['an unknown member', text.replace('{', '{"a":1,')],
    ['a member left out', text.replace('"edges":[],', '')],
    ['unsorted edges', text.replace('"edges":[]', '"edges":["b","a"]')],
    ['an edge twice', text.replace('"edges":[]', '"edges":["a","a"]')],
    ['bits out of bounds', text.replace('"inputBits":7', '"inputBits":80')],
    ['bits that are no integer', text.replace('"inputBits":7', '"inputBits":"8"')],
    ['an empty range', text.replace('[-1,1]', '[1,-1]')],
    ['an infinite range', text.replace('[-1,1]', '[-1,1e999]')],
    ['activations too coarse for any model', text.replace('"activationBits":7', '"activationBits":3')],
    ['weights too coarse for any model', text.replace('"weightBits":7', '"weightBits":3')],
    ['inputs of one bit', text.replace('"inputBits":7', '"inputBits":1')],
    ['bits of weights that no 32-bit integer holds', text.replace('"weightBits":7', '"weightBits":32')],
    ['a range beyond float32', text.replace('[-1,1]', '[-1e308,1e308]')],
    ['a range of one number', text.replace('[-1,1]', '[-1]')],
    ['more than a recipe holds', text.replace('"x"', `"${'x'.repeat(70_000)}"`)],
  ])('refuses %s', (_, changed) => {
    expect(changed).not.toBe(text);
    expect(() => parseGroth16Params(changed)).toThrow(expect.objectContaining({ code: 'ENCODING_INVALID' }));
  });
});
