import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interpret, validate } from './interpreter.ts';
import type { Operation, QuantisedModel } from './model.ts';
import { operatorOf } from './operations/index.ts';
import { roundShift } from './operations/requantise.ts';
import type { QuantisedTensor } from './tensor.ts';

interface Vector {
  title: string;
  operation: Record<string, unknown>;
  inputs: { shape: number[]; lo: number; hi: number; values: number[] }[];
  shape: number[];
  output?: number[];
  error?: string;
}

const vectors: Vector[] = JSON.parse(readFileSync(new URL('vectors.json', import.meta.url), 'utf8'));

const integers: ReadonlySet<string> = new Set(['weights', 'factors', 'from', 'left', 'right', 'index']);

/** JSON's lists of numbers as the typed arrays that operations hold. */
function typed(key: string, value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  if (key === 'bias') return Float64Array.from(value);
  return integers.has(key) ? Int32Array.from(value) : value;
}

function operationOf(vector: Vector): Operation {
  return JSON.parse(JSON.stringify(vector.operation), typed) as Operation;
}

function modelOf(operation: Operation, inputs: readonly Omit<QuantisedTensor, 'scale'>[]): QuantisedModel {
  const tensors = inputs.map((input) => ({ ...input, scale: 0 }));
  const operator = operatorOf(operation);
  const shape = operator.shape(operation, tensors);
  const { lo, hi } = operator.bounds(operation, tensors, shape);
  const names = inputs.map((_, i) => `in${i}`);
  return {
    inputs: names,
    outputs: ['out'],
    tensors: new Map([
      ...names.map((name, i) => [name, tensors[i] as QuantisedTensor] as const),
      ['out', { shape, scale: 0, lo, hi }],
    ]),
    nodes: [{ name: 'node', operation, inputs: names, output: 'out' }],
  };
}

function run(model: QuantisedModel, inputs: readonly (readonly number[])[]): number[] {
  const named = new Map(model.inputs.map((name, i) => [name, Float64Array.from(inputs[i] ?? [])]));
  return Array.from(interpret(model, named).get('out') ?? []);
}

describe('test vectors', () => {
  it.each(vectors)('$title', (vector) => {
    const model = modelOf(operationOf(vector), vector.inputs);
    validate(model);
    expect(model.tensors.get('out')?.shape).toEqual(vector.shape);
    const compute = () =>
      run(
        model,
        vector.inputs.map(({ values }) => values),
      );
    if (vector.error === undefined) expect(compute()).toEqual(vector.output);
    else expect(compute).toThrow(expect.objectContaining({ code: vector.error }));
  });
});

describe('bounds', () => {
  it('hold the extremes that weights and intervals allow, and are reached', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: -100, max: 100 }),
        fc.integer({ min: -20, max: 20 }),
        fc.nat(20),
        (weights, bias, lo, span) => {
          const hi = lo + span;
          const operation: Operation = {
            kind: 'matrix',
            weights: Int32Array.from(weights),
            inner: weights.length,
            outer: 1,
            bias: Float64Array.of(bias),
          };
          const model = modelOf(operation, [{ shape: [1, weights.length], lo, hi }]);
          const most = run(model, [weights.map((weight) => (weight > 0 ? hi : lo))]);
          const least = run(model, [weights.map((weight) => (weight > 0 ? lo : hi))]);
          expect(model.tensors.get('out')).toMatchObject({ lo: least[0], hi: most[0] });
        },
      ),
    );
  });

  it('refuse a declared interval that is too narrow', () => {
    const model = modelOf({ kind: 'affine', terms: [{ factor: 3 }], bias: 0, shape: [1] }, [
      { shape: [1], lo: -1, hi: 1 },
    ]);
    const out = model.tensors.get('out') as QuantisedTensor;
    validate(model);
    const tensors = new Map([...model.tensors, ['out', { ...out, hi: 2 }] as const]);
    expect(() => validate({ ...model, tensors })).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }));
  });

  it('refuse an accumulator that a double could not hold exactly', () => {
    const weights = Int32Array.from({ length: 8 }, () => 2 ** 30);
    const operation: Operation = { kind: 'matrix', weights, inner: 8, outer: 1, bias: Float64Array.of(0) };
    expect(() => modelOf(operation, [{ shape: [1, 8], lo: 0, hi: 2 ** 20 }])).toThrow(
      expect.objectContaining({ code: 'RANGE_EXCEEDED' }),
    );
  });
});

describe('operations that their bounds do not hold for', () => {
  const window = {
    kernel: [1, 2],
    strides: [1, 2],
    pads: [0, 0, 0, 0],
    dilations: [1, 1],
  } as const;
  const refused: [string, Operation, number[]][] = [
    [
      'a factor of a window sum that is negative',
      { kind: 'windowSum', ...window, factors: Int32Array.of(1, -8) },
      [1, 1, 1, 4],
    ],
    [
      'a factor that is no integer',
      { kind: 'affine', terms: [{ factor: Float64Array.of(1, 0.5) }], bias: 0, shape: [2] },
      [2],
    ],
    [
      'a bias that is no integer',
      { kind: 'affine', terms: [{ factor: 1 }], bias: Float64Array.of(1, 0.5), shape: [2] },
      [2],
    ],
    [
      // Of three elements a window five apart covers the first from position 0, none from 3 and the third from 7.
      'a maximum of nothing between two of something',
      { kind: 'maximum', axis: 0, kernel: 2, stride: 1, dilation: 5, pad: 5, positions: 8, bits: 8 },
      [3],
    ],
  ];
  it.each(refused)('are refused: %s', (_, operation, shape) => {
    expect(() => modelOf(operation, [{ shape, lo: -8, hi: 7 }])).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID' }),
    );
  });
});

describe('rounding', () => {
  it('is the Euclidean quotient with a remainder below the divisor', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 1, max: 40 }), (raw, shift) => {
        const x = Math.trunc(raw / 4);
        const remainder =
          BigInt(x) + (1n << BigInt(shift - 1)) - (BigInt(roundShift(x, shift)) << BigInt(shift));
        expect(remainder).toBeGreaterThanOrEqual(0n);
        expect(remainder).toBeLessThan(1n << BigInt(shift));
      }),
    );
  });
});
