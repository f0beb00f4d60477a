import { beforeEach, describe, expect, it } from 'vitest';
import { SegmentLedger } from './segment-ledger.ts';

const [ann, ben] = ['aa'.repeat(32), 'bb'.repeat(32)];
const need = { id: 'one', prover: 'groth16', units: 5, memory: 7 };
const holding = (worker: string, id: string, now = 0) => ({ id, worker, heardAt: now, endsAt: now + 100 });
let ledger: SegmentLedger;

beforeEach(() => {
  ledger = new SegmentLedger([need, { ...need, id: 'two' }]);
});

describe('a ledger of segments', () => {
  it('says which are open: neither with a worker nor accepted', () => {
    expect(ledger.size).toBe(2);
    expect(ledger.open.map(({ segment }) => segment)).toEqual([0, 1]);
    ledger.assign(0, holding(ann, 'x'));
    expect(ledger.open.map(({ segment }) => segment)).toEqual([1]);
    expect(ledger.accept(0)).toMatchObject([{ worker: ann }]);
    expect(ledger.holdings).toEqual([]);
    expect(ledger.open.map(({ segment }) => segment)).toEqual([1]);
    ledger.accept(1);
    expect(ledger.open).toEqual([]);
    expect([0, 1].map((segment) => ledger.isAccepted(segment))).toEqual([true, true]);
  });

  it('counts a worker as at work once it has said so', () => {
    ledger.assign(0, holding(ann, 'x'));
    expect(ledger.isWorking).toBe(false);
    ledger.hear(0, ann, 1);
    expect(ledger.isWorking).toBe(true);
  });

  it('takes a late proof of whoever was given the segment, and of nobody else', () => {
    ledger.assign(0, holding(ann, 'x'));
    ledger.release(0, ann);
    ledger.assign(0, holding(ben, 'y'));
    ledger.assign(0, holding(ann, 'z'));
    ledger.release(0, ann);
    const late = { segment: 0, assignment: 'x', worker: ann };
    expect(ledger.holds(late)).toBe(false);
    expect(ledger.wasGiven(late)).toBe(true);
    expect(ledger.wasGiven({ ...late, worker: ben })).toBe(false);
    ledger.disown(0, ann);
    expect(ledger.wasGiven(late)).toBe(false);
  });

  it('finds who fell silent, and who is overdue though it speaks', () => {
    ledger.assign(0, holding(ann, 'x'));
    ledger.assign(1, holding(ben, 'y'));
    expect(ledger.lapsed(50, 60)).toEqual([]);
    ledger.hear(1, ben, 90);
    expect(ledger.lapsed(95, 60)).toMatchObject([{ segment: 0, reason: 'nothing was heard of it' }]);
    ledger.hear(1, ben, 120);
    expect(ledger.lapsed(121, 60)).toMatchObject([
      { segment: 0 },
      { segment: 1, reason: 'it took too long' },
    ]);
  });

  it('numbers attempts, and goes on from those of an earlier run', () => {
    ledger.assign(0, { ...holding(ann, 'x'), attempt: 4 });
    ledger.assign(0, { ...holding(ben, 'w'), attempt: 2 });
    expect(ledger.attemptsOf(0)).toBe(5);
    expect(ledger.holdingsOf(0)).toMatchObject([
      { id: 'x', attempt: 4 },
      { id: 'w', attempt: 2 },
    ]);
    ledger.release(0, ann);
    ledger.assign(0, holding(ben, 'y'));
    expect(ledger.attemptsOf(0)).toBe(6);
  });
});
