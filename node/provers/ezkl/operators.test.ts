import { describe, expect, it } from 'vitest';
import { float, int, ints } from '../../model/attribute-values.ts';
import { floatConstant, integerConstant } from '../../model/constant.ts';
import type { Attribute, Constant, ElementType, Model } from '../../model/model.ts';
import { supportedOperators, toleranceOperators, unsupportedByEzkl } from './operators.ts';

interface Case {
  operator: string;
  domain?: string;
  inputs?: string[];
  outputs?: string[];
  attributes?: Record<string, Attribute>;
  constants?: Record<string, Constant>;
  /** Element types other than float32. */
  elements?: Record<string, ElementType>;
  /** Ranks other than 1. */
  ranks?: Record<string, number>;
  /** What makes the first input. */
  after?: string;
}

const text = (value: string): Attribute => ({ type: 'string', value });
const floats = (...values: number[]) => floatConstant([values.length], Float32Array.from(values));

function refusalOf(test: Case) {
  const { operator, domain = '', inputs = ['x'], outputs = ['y'], after } = test;
  const node = {
    name: 'node',
    operator,
    domain,
    inputs,
    outputs,
    attributes: new Map(Object.entries(test.attributes ?? {})),
  };
  const before = {
    name: 'b',
    operator: after ?? '',
    domain: '',
    inputs: ['a'],
    outputs: ['x'],
    attributes: new Map(),
  };
  const constants = new Map(Object.entries(test.constants ?? {}));
  const names = [...inputs, ...outputs].filter((name) => name !== '' && !constants.has(name));
  const model: Model = {
    name: 'm',
    irVersion: 8,
    opsets: new Map([['', 17]]),
    inputs: after === undefined ? inputs.filter((name) => !constants.has(name)) : ['a'],
    outputs,
    nodes: after === undefined ? [node] : [before, node],
    constants,
    types: new Map(
      names.map((name) => {
        const shape = new Array<number>(test.ranks?.[name] ?? 1).fill(4);
        return [name, { element: test.elements?.[name] ?? 'float32', shape }];
      }),
    ),
  };
  return unsupportedByEzkl(model, node);
}

const window = { kernel_shape: ints(2, 2), strides: ints(2, 2) };

/** A resize that repeats elements, until it is changed. */
const repeated = (change: { attributes?: Record<string, Attribute>; scales?: Constant } = {}) => ({
  inputs: ['x', '', 's'],
  constants: { s: change.scales ?? floats(1, 1, 2, 3) },
  attributes: {
    mode: text('nearest'),
    nearest_mode: text('floor'),
    coordinate_transformation_mode: text('asymmetric'),
    ...change.attributes,
  },
});

describe('unsupportedByEzkl', () => {
  it.each<Case>([
    { operator: 'Relu' },
    { operator: 'MaxPool', attributes: { ...window, pads: ints(0, 0, 0, 0) } },
    { operator: 'MaxPool', attributes: { ...window, pads: ints(1, 1, 1, 1) }, after: 'Relu' },
    { operator: 'AveragePool', attributes: { ...window, pads: ints(1, 1, 1, 1), count_include_pad: int(1) } },
    { operator: 'Conv', inputs: ['x', 'w', 'b'], constants: { w: floats(1), b: floats(1) } },
    { operator: 'Pow', inputs: ['x', 'e'], constants: { e: floats(2) } },
    { operator: 'Pad', inputs: ['x', 'p', 'v'], constants: { p: integerConstant([1], [1n]), v: floats(0) } },
    { operator: 'Cast', elements: { x: 'bool' } },
    { operator: 'Equal', inputs: ['x', 'z'], elements: { x: 'int64', z: 'int64', y: 'bool' } },
    { operator: 'Gather', inputs: ['x', 'i'], constants: { i: integerConstant([1], [0n]) } },
    { operator: 'Resize', ...repeated() },
    { operator: 'Expand', inputs: ['x', 's'] },
    { operator: 'Celu' },
    { operator: 'GatherND', inputs: ['x', 'i'], constants: { i: integerConstant([1], [1n]) } },
    { operator: 'CumSum', attributes: { exclusive: int(0), reverse: int(0) } },
  ])('lets $operator pass where ezkl proves it', (test) => {
    expect(refusalOf(test)).toBeUndefined();
  });

  it.each<[string, RegExp, Case]>([
    ['an unknown operator', /no circuit/, { operator: 'NonZero' }],
    ['an operator of another domain', /no circuit/, { operator: 'Relu', domain: 'com.example' }],
    ['strings', /string/, { operator: 'Identity', elements: { x: 'string' } }],
    ['doubles', /float64/, { operator: 'Relu', elements: { x: 'float64' } }],
    [
      'a sub-graph',
      /sub-graph/,
      { operator: 'Relu', attributes: { body: { type: 'opaque', value: new Uint8Array(), captures: [] } } },
    ],
    ['Equal of floats', /silently wrong/, { operator: 'Equal', inputs: ['x', 'z'], elements: { y: 'bool' } }],
    ['a cast of floats to integers', /rounds down/, { operator: 'Cast', elements: { y: 'int64' } }],
    [
      'MaxPool padded on signed values',
      /zeros/,
      { operator: 'MaxPool', attributes: { pads: ints(1, 1, 1, 1) } },
    ],
    ['MaxPool with dilations', /dilations/, { operator: 'MaxPool', attributes: { dilations: ints(2, 2) } }],
    ['MaxPool with indices', /indices/, { operator: 'MaxPool', outputs: ['y', 'i'] }],
    [
      'AveragePool without its padding',
      /padding/,
      { operator: 'AveragePool', attributes: { pads: ints(1, 1) } },
    ],
    ['pooling that rounds up', /down/, { operator: 'MaxPool', attributes: { ceil_mode: int(1) } }],
    ['a computed bias', /bias/, { operator: 'Conv', inputs: ['x', 'w', 'b'], constants: { w: floats(1) } }],
    ['a negative power', /power/, { operator: 'Pow', inputs: ['x', 'e'], constants: { e: floats(-1) } }],
    ['a computed power', /power/, { operator: 'Pow', inputs: ['x', 'e'] }],
    ['padding by reflection', /reflect/, { operator: 'Pad', attributes: { mode: text('reflect') } }],
    [
      'padding with ones',
      /zeros only/,
      {
        operator: 'Pad',
        inputs: ['x', 'p', 'v'],
        constants: { p: integerConstant([1], [1n]), v: floats(1) },
      },
    ],
    [
      'padding with ones by attribute',
      /zeros only/,
      { operator: 'Pad', attributes: { pads: ints(1, 1), value: float(1) } },
    ],
    ['interpolation', /repeats/, { operator: 'Resize', attributes: { mode: text('linear') } }],
    [
      'coordinates of half pixels',
      /repeats/,
      {
        operator: 'Resize',
        ...repeated({ attributes: { coordinate_transformation_mode: text('half_pixel') } }),
      },
    ],
    ['scales below 1', /repeats/, { operator: 'Resize', ...repeated({ scales: floats(1, 1, 0.5, 1) }) }],
    ['computed scales', /repeats/, { operator: 'Resize', ...repeated(), constants: {} }],
    ['an exclusive sum', /exclusive/, { operator: 'CumSum', attributes: { exclusive: int(1) } }],
    ['a sum from the end', /reverse/, { operator: 'CumSum', attributes: { reverse: int(1) } }],
    ['Celu of another alpha', /alpha/, { operator: 'Celu', attributes: { alpha: float(2) } }],
    [
      'indices from the end',
      /negative/,
      { operator: 'GatherElements', inputs: ['x', 'i'], constants: { i: integerConstant([1], [-1n]) } },
    ],
    ['axes that are added', /order/, { operator: 'Expand', inputs: ['x', 's'], ranks: { y: 2 } }],
    ['padding of named axes', /all axes/, { operator: 'Pad', inputs: ['x', 'p', '', 'a'] }],
    ['a division of integers', /integer/, { operator: 'Div', elements: { x: 'int64' } }],
    [
      'a maximum with a constant tensor',
      /maximum/,
      { operator: 'Max', inputs: ['x', 'c'], constants: { c: floats(1, 2) } },
    ],
    ['computed indices', /computed/, { operator: 'GatherND', inputs: ['x', 'i'], elements: { i: 'int64' } }],
  ])('refuses %s, with the reason and a way out', (_, reason, test) => {
    const refusal = refusalOf(test);
    expect(refusal).toMatchObject({ node: 'node', reason: expect.stringMatching(reason) });
    expect(refusal?.remedy).not.toBe('');
  });
});

describe('toleranceOperators', () => {
  it('names what divides, once each', () => {
    const nodes = ['Relu', 'Conv', 'Conv', 'Add', 'Sqrt'].map((operator) => ({
      name: operator,
      operator,
      domain: '',
      inputs: [],
      outputs: [],
      attributes: new Map(),
    }));
    const model: Model = {
      name: 'm',
      irVersion: 8,
      opsets: new Map(),
      inputs: [],
      outputs: [],
      nodes,
      constants: new Map(),
      types: new Map(),
    };
    expect(toleranceOperators(model)).toEqual(['Conv', 'Sqrt']);
  });
});

describe('supportedOperators', () => {
  it('lists every operator once', () => {
    const names = supportedOperators.map(({ operator }) => operator);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual([...names].sort());
  });
});
