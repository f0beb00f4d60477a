import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatStrategy, parseDirectStrategy, parseStrategy, type Strategy } from './index.ts';

const count = fc.integer({ min: 1, max: 65536 });
const name = fc.string({ minLength: 1, maxLength: 12, unit: 'binary' });
/** As they are written: no comma inside, no space around. */
const plainName = fc.stringMatching(/^[A-Za-z0-9_./:=-]{1,12}$/);
const segments = fc
  .uniqueArray(fc.nat(200), { minLength: 1, maxLength: 40 })
  .chain((nodes) =>
    fc.tuple(fc.constant(nodes), fc.array(fc.nat(4), { minLength: nodes.length, maxLength: nodes.length })),
  )
  .map(([nodes, places]) => {
    const groups = new Map<number, number[]>();
    nodes.forEach((node, index) => {
      const place = places[index] ?? 0;
      groups.set(place, [...(groups.get(place) ?? []), node]);
    });
    return [...groups.values()].map((group) => group.sort((a, b) => a - b));
  });
const tiling = fc.record(
  { layer: name, channels: fc.integer({ min: 1, max: 200 }), bands: fc.integer({ min: 1, max: 200 }) },
  { requiredKeys: ['layer', 'channels'] },
);
const strategies: fc.Arbitrary<Strategy> = fc.oneof(
  fc.constant<Strategy>({ kind: 'layer' }),
  fc.record({ kind: fc.constant('parts' as const), count }),
  fc.record({
    kind: fc.constant('cuts' as const),
    tensors: fc.uniqueArray(plainName, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({
    kind: fc.constant('limits' as const),
    limits: fc.record({ memory: fc.integer({ min: 1, max: 2 ** 45 }), rows: count }, { requiredKeys: [] }),
  }),
  fc.record({
    kind: fc.constant('segments' as const),
    segments,
    tiles: fc.uniqueArray(tiling, { maxLength: 4, selector: ({ layer }) => layer }),
  }),
);

describe('strategies', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(strategies, (strategy) => {
        const text = formatStrategy(strategy);
        expect(parseStrategy(text)).toEqual(strategy);
        expect(formatStrategy(parseStrategy(text))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it.each<[string, Strategy]>([
    ['auto', { kind: 'limits', limits: {} }],
    ['memory=1.5GiB', { kind: 'limits', limits: { memory: 1.5 * 2 ** 30 } }],
    ['rows=30000,memory=512 MB', { kind: 'limits', limits: { memory: 512e6, rows: 30000 } }],
    [
      'segments=0-2,3+5,4 tiles=/0/Conv:4,a%20b:2x3',
      {
        kind: 'segments',
        segments: [[0, 1, 2], [3, 5], [4]],
        tiles: [
          { layer: '/0/Conv', channels: 4 },
          { layer: 'a b', channels: 2, bands: 3 },
        ],
      },
    ],
  ])('reads %s', (text, strategy) => {
    expect(parseStrategy(text)).toEqual(strategy);
  });

  it.each([
    'memory=',
    'memory=0GiB',
    'memory=1Gib',
    'memory=lots',
    'memory=1GiB,memory=2GiB',
    'memory=99999999TiB',
    'rows=0',
    'rows=1.5',
    'rows=10,layer',
    'auto,rows=10',
    'segments=',
    'segments=1-0',
    'segments=0,0+0',
    'segments=0-9999999',
    'segments=01',
    'segments=0 tiles=',
    'segments=0 tiles=a',
    'segments=0 tiles=a:0',
    'segments=0 tiles=a:2,a:3',
    'segments=0 tiles=a:65536x2',
    'segments=0 tiles=%zz:2',
    'segments=0 tiles=%61:2',
    'segments=0 cuts=a',
    'segments=0 tiles=a:2 more',
    'layer tiles=a:2',
  ])('refuses %j', (text) => {
    expect(() => parseStrategy(text)).toThrowError(expect.objectContaining({ code: 'USAGE' }));
  });

  it('takes limits for nothing that a slicing could be made of without a plan', () => {
    for (const text of ['auto', 'memory=1GiB', 'rows=10']) {
      expect(() => parseDirectStrategy(text)).toThrowError(expect.objectContaining({ code: 'USAGE' }));
    }
    expect(parseDirectStrategy('layer')).toEqual({ kind: 'layer' });
  });
});
