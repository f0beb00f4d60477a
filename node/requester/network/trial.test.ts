import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bid, SignedMessage } from '../../../protocol/messages/index.ts';
import type { Records } from '../../store/index.ts';
import { schedule } from './schedule.ts';
import { SegmentLedger } from './segment-ledger.ts';
import { allowanceOf, isFreeFor, isProven, maxTrials, trialsAt } from './trial.ts';
import { WorkerDirectory, type WorkerRecord } from './worker-directory.ts';

const units = 2_000_000;
const out = (seconds: number, ...holders: string[]) => ({ units, given: { seconds, holders } });

describe('a peer on trial', () => {
  it('is proven by what it delivers beyond what it left undone, and holds more the more that is', () => {
    expect([0, 1, 2, 3].map((kept) => isProven({ kept, broken: 2 }))).toEqual([false, false, false, true]);
    expect([0, 1, 2, 5].map((kept) => allowanceOf({ kept, broken: 1 }))).toEqual([2, 2, 4, 10]);
  });

  it('has a segment to itself until it was out for the trial and the time that a proven worker takes', () => {
    expect(isFreeFor({}, 5, 10)).toBe(true);
    expect(isFreeFor(out(1), 5, 10)).toBe(true);
    expect(isFreeFor(out(14.9, 'one'), 5, 10)).toBe(false);
    expect(isFreeFor(out(15, 'one'), 5, 10)).toBe(true);
  });

  it('shares a segment with twice as many after each round, and with so many at most', () => {
    expect(trialsAt({ units }, 10)).toBe(1);
    expect([0, 11.9, 12, 24, 36].map((seconds) => trialsAt(out(seconds), 10))).toEqual([1, 1, 2, 4, 8]);
    expect(trialsAt(out(1e9), 10)).toBe(maxTrials);
  });
});

/** What a false identity does with what it is given. */
type Falsehood = 'silent' | 'pretending' | 'refusing';

interface Situation {
  /** False identities, each of which says that it is a thousand times as fast as the honest worker, and free. */
  false: number;
  falsehood: Falsehood;
  segments: number;
  /** Whether the honest worker has delivered something before. */
  isKnown: boolean;
}

const trial = 10;
/** Seconds that the honest worker takes for a segment. */
const each = 4;
/** Milliseconds between two looks. */
const stepMs = 500;
const honest = 'hh';

/**
 * Seconds until one honest worker among false identities has proven everything, by the schedule, the ledger and the
 * directory of workers that a job has, on a clock of its own.
 */
async function secondsToEnd({ false: count, falsehood, segments, isKnown }: Situation): Promise<number> {
  let now = 0;
  const records = new Map<string, WorkerRecord>();
  if (isKnown) records.set(honest, { kept: 1, broken: 0 });
  const directory = new WorkerDirectory(recordsIn(records), () => now);
  await directory.load();
  const names = Array.from({ length: count }, (_, index) => `f${index}`);
  for (const [index, name] of [...names, honest].entries())
    directory.note(bid(name, index === count ? 1 : 1_000), true);
  const policy = schedule({ price: 0n, trial });
  const ledger = new SegmentLedger(
    Array.from({ length: segments }, () => ({
      id: 'one',
      prover: 'any',
      units: each * 1_000_000,
      memory: 1,
    })),
  );
  const release = (segment: number, worker: string) => {
    const holding = ledger.release(segment, worker);
    if (holding !== undefined) directory.give(worker, holding.id);
  };
  let proving: { segment: number; until: number } | undefined;
  for (; ledger.pending(now).length > 0; now += stepMs) {
    if (now > 3_600_000) throw new Error('the job does not end');
    if (proving !== undefined && now >= proving.until) {
      for (const { worker, id } of ledger.accept(proving.segment)) directory.give(worker, id);
      await directory.judge(honest, 'kept');
      proving = undefined;
    }
    const own = ledger.holdings.find(({ worker }) => worker === honest);
    if (proving === undefined && own !== undefined)
      proving = { segment: own.segment, until: now + each * 1_000 };
    for (const { segment, worker } of ledger.holdings) {
      if (worker === honest || falsehood === 'pretending') ledger.hear(segment, worker, now);
      if (worker === honest || falsehood !== 'refusing') continue;
      release(segment, worker);
      directory.pause(worker);
    }
    for (const { segment, holding } of ledger.lapsed(now, 12_000)) {
      ledger.fail(segment, holding.worker);
      release(segment, holding.worker);
      directory.pause(holding.worker);
      await directory.judge(holding.worker, 'broken');
    }
    for (const { segment, worker, expectedSeconds } of policy.decide(
      ledger.pending(now),
      directory.candidates(),
    )) {
      const id = `${segment} ${worker} ${now}`;
      const endsAt = now + 5_000 * expectedSeconds + 120_000;
      ledger.assign(segment, { id, worker, heardAt: now, endsAt });
      directory.take(worker, id, units);
    }
  }
  return now / 1_000;
}

function recordsIn(map: Map<string, WorkerRecord>): Records<WorkerRecord> {
  return {
    get: async (key) => map.get(key),
    put: async (key, value) => void map.set(key, value),
    delete: async (key) => void map.delete(key),
    async *entries() {
      yield* [...map];
    },
  };
}

function bid(sender: string, speed: number): SignedMessage<Bid> {
  const message: Bid = {
    kind: 'bid',
    sender,
    issued: 0,
    expires: 3_600_000,
    sequence: 1,
    cores: 1,
    memory: 1,
    gpus: [],
    provers: [{ name: 'any', unitsPerSecond: speed * 1_000_000 }],
    slots: { total: 65_536, free: 65_536 },
    price: 0n,
    addresses: [],
  };
  return { id: sender, message, bytes: new Uint8Array() };
}

/** What the rules allow: the waits, then all the honest worker's time; and the step in which each of these is noticed. */
const boundOf = ({ false: count, segments, isKnown }: Situation) => {
  const rounds = Math.ceil(Math.log2((2 * count) / segments + 1));
  const waits = isKnown ? trial + each : rounds * (trial + each);
  return waits + segments * each + (rounds + segments + 2) * (stepMs / 1_000);
};

const situations = fc
  .record({
    false: fc.integer({ min: 0, max: 150 }),
    falsehood: fc.constantFrom<Falsehood>('silent', 'pretending'),
    segments: fc.integer({ min: 1, max: 12 }),
    isKnown: fc.boolean(),
  })
  .map((one) => ({ ...one, false: Math.min(one.false, (one.segments * maxTrials) / 2 - 1) }));

describe('a job that false identities want to keep from its end', () => {
  it('ends as soon as the rules say, however many there are', async () => {
    await fc.assert(
      fc.asyncProperty(situations, async (situation) => {
        expect(await secondsToEnd(situation)).toBeLessThanOrEqual(boundOf(situation));
      }),
      { numRuns: 20 },
    );
  });

  it.each<Falsehood>(['silent', 'pretending'])(
    'ends with fifty that are %s and one honest stranger',
    async (falsehood) => {
      const situation = { false: 50, falsehood, segments: 3, isKnown: false };
      expect(await secondsToEnd(situation)).toBeLessThanOrEqual(boundOf(situation));
    },
  );

  it('ends though all others take nothing that they are given', async () => {
    const situation = { falsehood: 'refusing', segments: 3, isKnown: false } as const;
    expect(await secondsToEnd({ ...situation, false: 50 })).toBeLessThan(60);
    expect(await secondsToEnd({ ...situation, false: 200 })).toBeLessThan(120);
  });

  it('ends though there are more than share all segments at once', async () => {
    expect(
      await secondsToEnd({ false: 100, falsehood: 'pretending', segments: 2, isKnown: false }),
    ).toBeLessThan(600);
  });
});
