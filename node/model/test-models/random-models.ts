import fc from 'fast-check';
import { float, int, ints } from '../attribute-values.ts';
import { floatConstant, integerConstant } from '../constant.ts';
import type { Draft } from '../draft.ts';
import { elementCount } from '../element.ts';
import type { Attribute, Constant } from '../model.ts';
import { randomValues } from './random-values.ts';
import { draftOf, nodeOf } from './small-models.ts';

/** Models of one operator, of attributes that ONNX Runtime may also refuse. */
type Models = fc.Arbitrary<Draft>;

const text = (value: string): Attribute => ({ type: 'string', value });
const scalar = (value: number): Constant => floatConstant([], Float32Array.of(value));
const whole = (values: readonly number[]): Constant => integerConstant([values.length], values.map(BigInt));

/** Multiples of 1/8 below 8 in magnitude: integers at the scales of seven bits, so that nothing is rounded. */
export function eighths(shape: readonly number[], seed: number): Float32Array {
  return randomValues(elementCount(shape), seed).map((value) => Math.trunc(value * 63) / 8);
}

const weights = (shape: readonly number[], seed: number): Constant =>
  floatConstant(shape, eighths(shape, seed));

interface Parts {
  /** Shapes of the computed inputs. */
  inputs: readonly (readonly number[])[];
  attributes?: Readonly<Record<string, Attribute>>;
  /** Inputs after the computed ones; one that is left out has no name. */
  constants?: readonly (Constant | undefined)[];
  outputs?: number;
  opset?: number;
}

/** One node of an operator. */
function single(
  operator: string,
  { inputs, attributes = {}, constants = [], outputs = 1, opset = 18 }: Parts,
): Draft {
  const names = inputs.map((_, i) => `x${i}`);
  const results = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const fixed = constants.map((constant, i) => [constant === undefined ? '' : `c${i}`, constant] as const);
  const given = Object.entries(attributes);
  return draftOf(
    [
      {
        ...nodeOf(operator, [...names, ...fixed.map(([name]) => name)], 'y0'),
        outputs: results,
        attributes: new Map(given),
      },
    ],
    {
      opsets: new Map([['', opset]]),
      inputs: names,
      outputs: results,
      constants: new Map(
        fixed.flatMap(([name, constant]) => (constant === undefined ? [] : [[name, constant]])),
      ),
      types: new Map(names.map((name, i) => [name, { element: 'float32', shape: inputs[i] ?? [] }])),
    },
  );
}

const size = (min: number, max: number) => fc.integer({ min, max });
const list = (arbitrary: fc.Arbitrary<number>, length: number) =>
  fc.array(arbitrary, { minLength: length, maxLength: length });
const shape = (minRank: number, maxRank: number) =>
  fc.array(size(1, 4), { minLength: minRank, maxLength: maxRank });
const seeds = fc.nat(10_000);
const axisOf = (rank: number) => size(-rank, rank - 1);

/** A window over `rank` spatial axes, padded as it says or automatically. */
const windows = (rank: number, largestPad = 2) =>
  fc.record({
    kernel: list(size(1, 3), rank),
    strides: list(size(1, 3), rank),
    dilations: list(size(1, 2), rank),
    pads: list(size(0, largestPad), 2 * rank),
    auto: fc.constantFrom('NOTSET', 'NOTSET', 'NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
  });

/** ONNX Runtime's pooling leaves dilations out of automatic pads, and makes them negative for a window below its stride. */
const poolWindows = (rank: number) =>
  windows(rank).filter(
    ({ auto, kernel, strides, dilations }) =>
      !auto.startsWith('SAME') ||
      (dilations.every((step) => step === 1) && kernel.every((size, i) => size >= (strides[i] ?? 1))),
  );

const padded = ({ pads, auto }: { pads: number[]; auto: string }): Record<string, Attribute> =>
  auto === 'NOTSET' ? { pads: ints(...pads) } : { auto_pad: text(auto) };

export const convolutions: Models = size(1, 2).chain((rank) =>
  fc
    .record({
      window: windows(rank),
      image: list(size(3, 7), rank),
      group: size(1, 2),
      ins: size(1, 2),
      outs: size(1, 2),
      bias: fc.boolean(),
      seed: seeds,
    })
    .map(({ window, image, group, ins, outs, bias, seed }) => {
      const { kernel, strides, dilations } = window;
      return single('Conv', {
        inputs: [[2, group * ins, ...image]],
        constants: [
          weights([group * outs, ins, ...kernel], seed),
          ...(bias ? [weights([group * outs], seed + 1)] : []),
        ],
        attributes: {
          strides: ints(...strides),
          dilations: ints(...dilations),
          group: int(group),
          ...padded(window),
        },
      });
    }),
);

export const maxima: Models = size(1, 3).chain((rank) =>
  fc
    .record({ window: poolWindows(rank), image: list(size(2, 6), rank), up: fc.boolean() })
    .map(({ window, image, up }) => {
      const { kernel, strides, dilations } = window;
      return single('MaxPool', {
        inputs: [[1, 2, ...image]],
        attributes: {
          kernel_shape: ints(...kernel),
          strides: ints(...strides),
          dilations: ints(...dilations),
          ceil_mode: int(Number(up)),
          ...padded(window),
        },
      });
    }),
);

export const averages: Models = size(1, 2).chain((rank) =>
  fc
    .record({
      window: poolWindows(rank),
      image: list(size(2, 6), rank),
      count: fc.boolean(),
      opset: fc.constantFrom(13, 19),
    })
    .map(({ window, image, count, opset }) => {
      const { kernel, strides, dilations } = window;
      return single('AveragePool', {
        inputs: [[1, 2, ...image]],
        opset,
        attributes: {
          kernel_shape: ints(...kernel),
          strides: ints(...strides),
          count_include_pad: int(Number(count)),
          ...(opset < 19 ? {} : { dilations: ints(...dilations) }),
          ...padded(window),
        },
      });
    }),
);

export const means: Models = shape(2, 4).chain((from) =>
  fc
    .record({
      axes: fc.uniqueArray(axisOf(from.length), { selector: (axis) => (axis + from.length) % from.length }),
      keep: fc.boolean(),
      noop: fc.boolean(),
      opset: fc.constantFrom(11, 18),
    })
    .map(({ axes, keep, noop, opset }) => {
      const attributes = { keepdims: int(Number(keep)) };
      return opset < 18
        ? single('ReduceMean', {
            inputs: [from],
            opset,
            attributes: axes.length === 0 ? attributes : { ...attributes, axes: ints(...axes) },
          })
        : single('ReduceMean', {
            inputs: [from],
            opset,
            constants: [whole(axes)],
            attributes: { ...attributes, noop_with_empty_axes: int(Number(noop)) },
          });
    }),
);

export const globalMeans: Models = shape(1, 3).map((image) =>
  single('GlobalAveragePool', { inputs: [[2, 3, ...image]] }),
);

export const resizes: Models = fc
  .record({
    image: list(size(1, 7), 2),
    bySizes: fc.boolean(),
    sizes: list(size(1, 9), 2),
    scales: list(fc.constantFrom(0.3, 0.5, 0.6, 0.75, 1, 1.2, 1.5, 1.7, 2, 3), 2),
    coordinates: fc.constantFrom(
      'half_pixel',
      'pytorch_half_pixel',
      'asymmetric',
      'align_corners',
      'half_pixel_symmetric',
    ),
    nearest: fc.constantFrom('round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'),
    policy: fc.constantFrom('stretch', 'stretch', 'not_larger', 'not_smaller'),
    opset: fc.constantFrom(10, 11, 13, 18, 19),
  })
  .map(({ image, bySizes, sizes, scales, coordinates, nearest, policy, opset }) => {
    const factors = floatConstant([4], Float32Array.of(1, 1, ...scales));
    const none = floatConstant([0], new Float32Array());
    const inputs = [[1, 2, ...image]];
    if (opset < 11) return single('Resize', { inputs, opset, constants: [factors] });
    const attributes = {
      coordinate_transformation_mode: text(coordinates),
      nearest_mode: text(nearest),
      ...(opset < 18 ? {} : { keep_aspect_ratio_policy: text(policy) }),
    };
    const constants = bySizes ? [none, none, whole([1, 2, ...sizes])] : [none, factors];
    return single('Resize', { inputs, opset, constants, attributes });
  });

const bound = fc.oneof(size(-6, 6), fc.constantFrom(-(2 ** 40), 2 ** 40));
export const slices: Models = shape(1, 3).chain((shapeOfInput) =>
  fc
    .uniqueArray(axisOf(shapeOfInput.length), {
      minLength: 1,
      selector: (axis) => (axis + shapeOfInput.length) % shapeOfInput.length,
    })
    .chain((axes) =>
      fc.record({
        axes: fc.constant(axes),
        starts: list(bound, axes.length),
        ends: list(bound, axes.length),
        steps: list(fc.constantFrom(-3, -2, -1, 1, 1, 2, 3), axes.length),
        old: fc.boolean(),
      }),
    )
    .map(({ axes, starts, ends, steps, old }) => {
      // In the step's direction, so that something is left.
      const from = starts.map((start, i) =>
        (old || (steps[i] ?? 1) > 0 ? Math.min : Math.max)(start, ends[i] ?? 0),
      );
      const to = ends.map((end, i) =>
        (old || (steps[i] ?? 1) > 0 ? Math.max : Math.min)(end, starts[i] ?? 0),
      );
      return old
        ? single('Slice', {
            inputs: [shapeOfInput],
            opset: 9,
            attributes: { axes: ints(...axes), starts: ints(...from), ends: ints(...to) },
          })
        : single('Slice', { inputs: [shapeOfInput], constants: [from, to, axes, steps].map(whole) });
    }),
);

export const pads: Models = shape(1, 3).chain((from) =>
  fc
    .record({
      pads: list(size(-1, 4), 2 * from.length),
      value: fc.constantFrom(undefined, 0, -1.5, 2),
      mode: fc.constantFrom('constant', 'reflect', 'edge', 'wrap'),
      opset: fc.constantFrom(10, 13, 18, 19),
      reversed: fc.boolean(),
    })
    .map(({ pads: amounts, value, mode, opset, reversed }) => {
      const attributes = { mode: text(mode) };
      if (opset < 11) {
        const given = {
          ...attributes,
          pads: ints(...amounts),
          ...(value === undefined ? {} : { value: float(value) }),
        };
        return single('Pad', { inputs: [from], opset, attributes: given });
      }
      const filled = value === undefined ? undefined : scalar(value);
      const axes = reversed && opset >= 18 ? [whole(from.map((_, i) => -1 - i))] : [];
      return single('Pad', {
        inputs: [from],
        opset,
        attributes,
        constants: [whole(amounts), filled, ...axes],
      });
    }),
);

export const moves: Models = shape(2, 4).chain((from) =>
  fc
    .record({
      perm: fc.shuffledSubarray([...from.keys()], { minLength: from.length }),
      axis: axisOf(from.length),
      kind: size(0, 4),
    })
    .map(({ perm, axis, kind }) => {
      const inputs = [from];
      const one = { inputs: [from.with(axis, 1)], constants: [whole([axis])] };
      if (kind === 0) return single('Transpose', { inputs, attributes: { perm: ints(...perm) } });
      if (kind === 1) return single('Flatten', { inputs, attributes: { axis: int(axis) } });
      if (kind === 2) return single('Reshape', { inputs, constants: [whole([0, -1])] });
      return single(kind === 3 ? 'Squeeze' : 'Unsqueeze', one);
    }),
);

export const splits: Models = fc
  .record({ from: shape(1, 3), at: fc.nat(2), part: size(0, 3), even: fc.boolean() })
  .map(({ from, at, part, even }) => {
    const axis = at % from.length;
    const length = from[axis] as number;
    const attributes = { axis: int(axis - (part % 2) * from.length) };
    return even
      ? single('Split', { inputs: [from], outputs: 2, attributes: { ...attributes, num_outputs: int(2) } })
      : single('Split', {
          inputs: [from],
          outputs: 2,
          attributes,
          constants: [whole([part, length - part])],
        });
  });

export const joins: Models = shape(1, 3).chain((from) =>
  fc
    .record({
      axis: axisOf(from.length),
      lengths: fc.array(size(1, 3), { minLength: 1, maxLength: 3 }),
      shift: fc.boolean(),
    })
    .map(({ axis, lengths, shift }) => {
      const inputs = lengths.map((length) => from.with(axis, length));
      const draft = single('Concat', { inputs, attributes: { axis: int(axis) } });
      if (!shift) return draft;
      // Eight times the first: tensors of different scales.
      const [join] = draft.nodes;
      return {
        ...draft,
        constants: new Map([['eight', scalar(8)]]),
        nodes: [
          nodeOf('Mul', ['x0', 'eight'], 'm'),
          { ...join, inputs: ['m', ...draft.inputs.slice(1)] } as (typeof draft.nodes)[0],
        ],
      };
    }),
);

/** Shapes of which both broadcast to one: some axes of either are 1 or missing. */
const pairs = shape(1, 4).chain((full) => {
  const part = fc
    .record({ drop: fc.nat(full.length - 1), ones: list(size(0, 1), full.length) })
    .map(({ drop, ones }) => full.map((length, axis) => (ones[axis] === 1 ? 1 : length)).slice(drop));
  return fc.tuple(part, part);
});

export const sums: Models = fc
  .record({
    pair: pairs,
    operator: fc.constantFrom('Add', 'Sub', 'Mul'),
    fixed: fc.constantFrom('none', 'left', 'right'),
    seed: seeds,
  })
  .map(({ pair: [left, right], operator, fixed, seed }) => {
    if (fixed === 'none') return single(operator, { inputs: [left, right] });
    const draft = single(operator, { inputs: [left], constants: [weights(right, seed)] });
    const [node] = draft.nodes;
    return fixed === 'right' || node === undefined
      ? draft
      : { ...draft, nodes: [{ ...node, inputs: node.inputs.toReversed() }] };
  });

const bounds = fc.constantFrom(undefined, -9, -1.5, -0.25, 0, 0.5, 3, 9);
export const clips: Models = fc
  .record({ low: bounds, high: bounds, old: fc.boolean() })
  .map(({ low, high, old }) =>
    old
      ? single('Clip', {
          inputs: [[2, 9]],
          opset: 10,
          attributes: {
            ...(low === undefined ? {} : { min: float(low) }),
            ...(high === undefined ? {} : { max: float(high) }),
          },
        })
      : single('Clip', {
          inputs: [[2, 9]],
          constants: [low, high].map((value) => (value === undefined ? value : scalar(value))),
        }),
  );

export const slopes: Models = fc
  .record({ pair: pairs, seed: seeds, alpha: size(-16, 48), leaky: fc.boolean() })
  .map(({ pair: [left, right], seed, alpha, leaky }) =>
    leaky
      ? single('LeakyRelu', { inputs: [left], attributes: { alpha: float(alpha / 16) } })
      : single('PRelu', { inputs: [left], constants: [weights(right, seed)] }),
  );

const factors = fc.constantFrom(1, 0.5, -2);
export const products: Models = fc
  .record({
    rows: shape(0, 2),
    inner: size(1, 4),
    outer: size(1, 4),
    alpha: factors,
    beta: factors,
    trans: fc.boolean(),
    bias: size(0, 3),
    gemm: fc.boolean(),
    seed: seeds,
  })
  .map(({ rows, inner, outer, alpha, beta, trans, bias, gemm, seed }) => {
    if (!gemm)
      return single('MatMul', { inputs: [[...rows, inner]], constants: [weights([inner, outer], seed)] });
    const offsets = [undefined, [outer], [1, outer], [1]][bias];
    return single('Gemm', {
      inputs: [[2, inner]],
      attributes: { alpha: float(alpha), beta: float(beta), transB: int(Number(trans)) },
      constants: [
        weights(trans ? [outer, inner] : [inner, outer], seed),
        ...(offsets === undefined ? [] : [weights(offsets, seed + 1)]),
      ],
    });
  });

/** A few steps that put a ReLU off, in a row. */
export const rectified: Models = fc
  .array(fc.constantFrom('Relu', 'MaxPool', 'Transpose', 'Clip', 'Pad', 'Neg'), {
    minLength: 2,
    maxLength: 6,
  })
  .map((steps) => {
    const nodes = steps.map((operator, i) => {
      const [from, to] = [i === 0 ? 'x' : `t${i - 1}`, i === steps.length - 1 ? 'y' : `t${i}`];
      if (operator === 'MaxPool')
        return nodeOf('MaxPool', [from], to, { kernel_shape: ints(2, 2), pads: ints(0, 1, 1, 0) });
      if (operator === 'Transpose') return nodeOf('Transpose', [from], to, { perm: ints(0, 1, 3, 2) });
      if (operator === 'Clip') return nodeOf('Clip', [from, 'low', 'high'], to);
      if (operator === 'Pad') return nodeOf('Pad', [from, 'around'], to);
      return operator === 'Neg' ? nodeOf('Sub', ['high', from], to) : nodeOf('Relu', [from], to);
    });
    return draftOf(nodes, {
      types: new Map([['x', { element: 'float32', shape: [1, 2, 3, 4] }]]),
      constants: new Map([
        ['low', scalar(-1)],
        ['high', scalar(5)],
        ['around', whole([0, 0, 1, 0, 0, 0, 0, 1])],
      ]),
    });
  });
