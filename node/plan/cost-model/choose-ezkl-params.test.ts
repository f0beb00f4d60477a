import { beforeAll, describe, expect, it } from 'vitest';
import { proofSamples } from '../../../bench/measurements/proof-samples.ts';
import { buildSample } from '../../../bench/measurements/sample-model.ts';
import { checkParams, type EzklParams } from '../../provers/ezkl/parameters.ts';
import { chooseEzklParams, findEzklParams, type PlannedSegment } from './choose-ezkl-params.ts';
import { ezklSegmentCost } from './ezkl-cost.ts';
import { committedPorts } from './ezkl-rows.ts';

let segments: PlannedSegment[];
/** One that needs many rows. */
let large: PlannedSegment[];

beforeAll(() => {
  const planned = (chosen: typeof proofSamples) =>
    chosen.map(({ name, model }) => {
      const built = buildSample(model);
      return { id: name, model: built, ports: committedPorts(built) };
    });
  segments = planned(proofSamples.slice(0, 4));
  large = planned(proofSamples.filter(({ name }) => name.startsWith('conv 4-8-12')).slice(0, 1));
});

const costs = (of: readonly PlannedSegment[], params: EzklParams) =>
  of.map(({ model, ports }) => ezklSegmentCost(model, ports, params));
const total = (of: readonly PlannedSegment[], params: EzklParams) =>
  costs(of, params).reduce((sum, { setupSeconds, proveSeconds }) => sum + setupSeconds + proveSeconds, 0);
const peak = (of: readonly PlannedSegment[], params: EzklParams) =>
  Math.max(...costs(of, params).map(({ setupBytes, proveBytes }) => Math.max(setupBytes, proveBytes)));

describe('chooseEzklParams', () => {
  it('gives parameters that a circuit can have, the same every time, and none better beside them', () => {
    const params = chooseEzklParams(segments, { scale: 7 });
    expect(() => checkParams(params)).not.toThrow();
    expect(chooseEzklParams([...segments].reverse(), { scale: 7 })).toEqual(params);
    expect(total(segments, { ...params, k: params.k + 1 })).toBeGreaterThan(total(segments, params));
    expect(params.decompBase ** params.decompLegs).toBeGreaterThanOrEqual(2 ** 30);
  });

  it('repeats columns more often where that keeps it within less memory', () => {
    const free = chooseEzklParams(large, { scale: 7 });
    const memory = 0.98 * peak(large, free);
    const held = chooseEzklParams(large, { scale: 7, memory });
    expect(peak(large, held)).toBeLessThanOrEqual(memory);
    expect(held.k).toBeLessThan(free.k);
  });

  it('needs a circuit with a row for each public value', () => {
    const moved = (count: number): PlannedSegment => ({
      model: buildSample({
        inputs: { x: [1, count] },
        nodes: [{ operator: 'Flatten', inputs: ['x'], outputs: ['y'] }],
        types: { y: [1, count] },
      }),
      ports: { inputs: ['public'], outputs: ['public'] },
    });
    // 2^11 rows but for the 16 reserved ones, half of them for the inputs.
    expect(chooseEzklParams([moved(1016)], { scale: 7 }).k).toBe(11);
    expect(chooseEzklParams([moved(1017)], { scale: 7 }).k).toBe(12);
  });

  it.each([
    ['memory', { memory: 20e6 }],
    ['rows', { rows: 100 }],
  ])('names the limit of %s that cannot be met, the segment, and what would do', (limit, limits) => {
    const choose = () => chooseEzklParams(segments, { scale: 7, ...limits });
    expect(findEzklParams(segments, { scale: 7, ...limits })).toBeUndefined();
    expect(choose).toThrowError(
      expect.objectContaining({
        code: 'USAGE',
        details: expect.objectContaining({ limit, segment: expect.stringContaining('conv') }),
      }),
    );
    try {
      choose();
    } catch (error) {
      const { needed } = (error as { details: { needed: number } }).details;
      expect(() => chooseEzklParams(segments, { scale: 7, [limit]: needed })).not.toThrow();
    }
  });
});
