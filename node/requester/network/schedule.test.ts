import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candidate, OpenSegment } from './claim-policy.ts';
import { schedule } from './schedule.ts';

const policy = schedule({ price: 10n, trial: 10 });

function segment(index: number, change: Partial<OpenSegment> = {}): OpenSegment {
  return { segment: index, prover: 'groth16', units: 10, memory: 100, barred: new Map(), ...change };
}

/** A worker that is proven unless its record says otherwise. */
function candidate(worker: string, change: Partial<Candidate> = {}): Candidate {
  return {
    worker,
    speeds: new Map([['groth16', 1]]),
    memory: 1_000,
    price: 0n,
    places: 1,
    taken: 0,
    isMet: true,
    held: [],
    begun: 0,
    record: { kept: 1, broken: 0 },
    ...change,
  };
}

const speed = (unitsPerSecond: number) => ({ speeds: new Map([['groth16', unitsPerSecond]]) });
const workersOf = (claims: readonly { worker: string }[]) => claims.map(({ worker }) => worker);

describe('the schedule', () => {
  it('gives a segment to whoever is expected to have it done first, and says when', () => {
    const claims = policy.decide([segment(0)], [candidate('slow'), candidate('fast', speed(5))]);
    expect(claims).toEqual([{ segment: 0, worker: 'fast', expectedSeconds: 2 }]);
  });

  it('counts what a worker has already', () => {
    const busy = candidate('busy', { ...speed(2), held: [30] });
    expect(workersOf(policy.decide([segment(0)], [busy, candidate('idle')]))).toEqual(['idle']);
  });

  it('gives the longest first', () => {
    const claims = policy.decide(
      [segment(0, { units: 5 }), segment(1, { units: 50 })],
      [candidate('only', { places: 1, held: [1], begun: 1 })],
    );
    expect(claims.map((claim) => claim.segment)).toEqual([1]);
  });

  it('takes the cheaper of two that are as soon, and the better record of two that cost the same', () => {
    const [dear, cheap] = [
      candidate('dear', { price: 2n }),
      candidate('cheap', { ...speed(0.95), price: 1n }),
    ];
    expect(workersOf(policy.decide([segment(0)], [dear, cheap]))).toEqual(['cheap']);
    const better = candidate('better', { record: { kept: 99, broken: 1 } });
    const worse = candidate('worse', { record: { kept: 30, broken: 1 } });
    expect(workersOf(policy.decide([segment(0)], [worse, better]))).toEqual(['better']);
  });

  it('does not take the cheaper one that is later', () => {
    const cheap = candidate('cheap', { ...speed(0.5), price: 0n });
    expect(workersOf(policy.decide([segment(0)], [cheap, candidate('dear', { price: 9n })]))).toEqual([
      'dear',
    ]);
  });

  it('expects a worker that failed to take longer', () => {
    const failed = candidate('failed', { ...speed(2), record: { kept: 4, broken: 3 } });
    const claims = policy.decide([segment(0)], [failed, candidate('steady', speed(1.5))]);
    expect(workersOf(claims)).toEqual(['steady']);
    const [alone] = policy.decide([segment(0)], [failed]);
    // Half of the time, of which five in eight are kept.
    expect(alone?.expectedSeconds).toBe(8);
  });

  it('lets a worker hold one segment more than it has places, once it has begun one in each', () => {
    const open = [0, 1, 2, 3, 4].map((index) => segment(index));
    const given = (change: Partial<Candidate>) => policy.decide(open, [candidate('one', change)]).length;
    expect(given({})).toBe(1);
    expect(given({ held: [10] })).toBe(0);
    expect(given({ held: [10], begun: 1 })).toBe(1);
    expect(given({ held: [10, 10], begun: 1 })).toBe(0);
    expect(given({ places: 2 })).toBe(2);
    expect(given({ places: 2, held: [10], begun: 1 })).toBe(1);
    expect(given({ places: 2, held: [10, 10], begun: 2 })).toBe(1);
  });

  it('leaves places that others have taken alone', () => {
    const open = [0, 1, 2].map((index) => segment(index));
    expect(policy.decide(open, [candidate('shared', { places: 2, taken: 1 })])).toHaveLength(1);
  });

  it('rather waits for a fast worker than give the last segment to one that is far slower', () => {
    const fast = candidate('fast', { ...speed(100), held: [10, 10], begun: 1 });
    expect(policy.decide([segment(0)], [fast, candidate('slow')])).toEqual([]);
    const many = Array.from({ length: 300 }, (_, index) => segment(index));
    expect(workersOf(policy.decide(many, [fast, candidate('slow')]))).toEqual(['slow']);
  });

  it('shares equal segments out among equal workers', () => {
    const workers = ['a', 'b', 'c'].map((name) => candidate(name, { places: 2 }));
    const open = Array.from({ length: 9 }, (_, index) => segment(index));
    const claims = policy.decide(open, workers);
    expect(workersOf(claims.slice(0, 3)).sort()).toEqual(['a', 'b', 'c']);
    expect(workersOf(claims.slice(3)).sort()).toEqual(['a', 'b', 'c']);
    expect(claims.map(({ expectedSeconds }) => expectedSeconds)).toEqual([10, 10, 10, 10, 10, 10]);
  });

  it.each([
    ['prover', { speeds: new Map([['ezkl', 1]]) }],
    ['prover', speed(0)],
    ['memory', { memory: 99 }],
    ['price', { price: 11n }],
  ] as const)('names %s as what stands in the way', (limit, change) => {
    const stopped = candidate('stopped', change);
    expect(policy.decide([segment(0)], [stopped])).toEqual([]);
    expect(policy.obstacles(segment(0), [stopped])).toEqual(new Map([[limit, 1]]));
    expect(policy.obstacles(segment(0), [stopped, candidate('suited')])).toEqual(new Map());
  });

  it('keeps a worker from what it is barred from, for the reason that it is', () => {
    const barred = segment(0, { barred: new Map([['one', 'requester' as const]]) });
    expect(policy.decide([barred, segment(1)], [candidate('one')]).map((claim) => claim.segment)).toEqual([
      1,
    ]);
    expect(policy.obstacles(barred, [candidate('one')])).toEqual(new Map([['requester', 1]]));
  });
});

const count = fc.integer({ min: 0, max: 4 });
const anySegment = fc.record({
  prover: fc.constantFrom('ezkl', 'groth16'),
  units: fc.integer({ min: 1, max: 1_000 }),
  memory: fc.integer({ min: 0, max: 100 }),
  barred: fc
    .subarray(['w0', 'w1', 'w2'])
    .map((names) => new Map(names.map((name) => [name, 'failed' as const]))),
});
const anyCandidate = fc.record({
  speeds: fc
    .dictionary(fc.constantFrom('ezkl', 'groth16'), fc.integer({ min: 0, max: 50 }))
    .map((speeds) => new Map(Object.entries(speeds))),
  memory: fc.integer({ min: 0, max: 100 }),
  price: fc.bigInt({ min: 0n, max: 12n }),
  places: fc.integer({ min: 1, max: 4 }),
  taken: count,
  isMet: fc.boolean(),
  held: fc.array(fc.integer({ min: 1, max: 1_000 }), { maxLength: 4 }),
  begun: count,
  record: fc.record({ kept: count, broken: count }),
});
const situation = fc.record({
  open: fc
    .array(anySegment, { maxLength: 12 })
    .map((list) => list.map((one, index): OpenSegment => ({ ...one, segment: index }))),
  candidates: fc
    .array(anyCandidate, { maxLength: 5 })
    .map((list) => list.map((one, index): Candidate => ({ ...one, worker: `w${index}` }))),
});

describe('whatever is open and whoever bids', () => {
  it('a segment goes to one worker only, which suits it and has room', () => {
    fc.assert(
      fc.property(situation, ({ open, candidates }) => {
        const claims = policy.decide(open, candidates);
        expect(new Set(claims.map((claim) => claim.segment)).size).toBe(claims.length);
        for (const { segment: index, worker, expectedSeconds } of claims) {
          const by = candidates.find((one) => one.worker === worker) as Candidate;
          expect(policy.obstacles(open[index] as OpenSegment, [by])).toEqual(new Map());
          expect(expectedSeconds).toBeGreaterThan(0);
          expect(Number.isFinite(expectedSeconds)).toBe(true);
        }
        for (const { worker, places, taken, held, begun } of candidates) {
          const given = claims.filter((claim) => claim.worker === worker).length;
          const most = places - taken + (begun < places - taken ? 0 : 1);
          expect(given).toBeLessThanOrEqual(Math.max(0, most - held.length));
        }
      }),
    );
  });

  it('something is given out as long as anybody is idle who suits something', () => {
    fc.assert(
      fc.property(situation, ({ open, candidates }) => {
        const idle = candidates.map((one) => ({ ...one, taken: 0, held: [], begun: 0 }));
        const suits = open.some((one) => idle.length > 0 && policy.obstacles(one, idle).size === 0);
        expect(policy.decide(open, idle).length > 0).toBe(suits);
      }),
    );
  });

  it('the same situation is decided in the same way, in whichever order workers are known', () => {
    fc.assert(
      fc.property(situation, ({ open, candidates }) => {
        const order = (claims: readonly { segment: number; worker: string }[]) =>
          claims.map((claim) => `${claim.segment} ${claim.worker}`).sort();
        expect(order(policy.decide(open, [...candidates].reverse()))).toEqual(
          order(policy.decide(open, candidates)),
        );
      }),
    );
  });

  it('every segment is proven once, and nobody proves two for another’s one while all are alike', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 8 }), (segments, workers) => {
        const left = new Set(Array.from({ length: segments }, (_, index) => index));
        const held = new Map(Array.from({ length: workers }, (_, index) => [`w${index}`, [] as number[]]));
        const proven: number[] = [];
        let rounds = 0;
        while (proven.length < segments) {
          const candidates = [...held].map(([name, own]) =>
            candidate(name, { held: own.map(() => 10), begun: Math.min(1, own.length) }),
          );
          for (const claim of policy.decide(
            [...left].map((index) => segment(index)),
            candidates,
          )) {
            expect(left.delete(claim.segment)).toBe(true);
            held.get(claim.worker)?.push(claim.segment);
          }
          for (const own of held.values()) proven.push(...own.splice(0, 1));
          rounds += 1;
        }
        expect(proven.toSorted((a, b) => a - b)).toEqual(Array.from({ length: segments }, (_, i) => i));
        expect(rounds).toBe(Math.ceil(segments / workers));
      }),
      { numRuns: 60 },
    );
  });
});
