import { describe, expect, it } from 'vitest';
import { FairShare } from './fair-share.ts';

const rates = { own: { burst: 2, perSecond: 1 }, common: { burst: 10, perSecond: 5 }, maxParties: 200 };

/** How many of so many that each party brings at a time are taken. */
function takenOf(
  share: FairShare,
  parties: readonly string[],
  each: number,
  now: number,
): Map<string, number> {
  const taken = new Map(parties.map((party) => [party, 0]));
  for (let turn = 0; turn < each; turn++) {
    for (const party of parties) {
      if (share.take(party, now)) taken.set(party, (taken.get(party) ?? 0) + 1);
    }
  }
  return taken;
}

describe('a share', () => {
  it('lets one party have all that nobody else wants', () => {
    const share = new FairShare(rates);
    expect(takenOf(share, ['a'], 100, 0).get('a')).toBe(12);
    expect(takenOf(share, ['a'], 100, 1_000).get('a')).toBe(6);
  });

  it('bounds what a crowd gets, and keeps its own for whoever comes last', () => {
    const share = new FairShare(rates);
    const crowd = Array.from({ length: 100 }, (_, index) => `p${index}`);
    for (const seconds of [0, 1, 2, 3]) {
      const taken = takenOf(share, crowd, 50, 1_000 * seconds);
      const sum = [...taken.values()].reduce((all, one) => all + one, 0);
      expect(sum).toBe(seconds === 0 ? 210 : 105);
      expect(Math.min(...taken.values())).toBeGreaterThanOrEqual(1);
    }
    expect(share.take('late', 3_000)).toBe(true);
  });

  it('goes on giving their own to those that always ask for more', () => {
    const share = new FairShare({ ...rates, common: { burst: 1, perSecond: 0 } });
    takenOf(share, ['a'], 1_000, 0);
    expect(takenOf(share, ['a'], 1_000, 1_000).get('a')).toBe(1);
    expect(takenOf(share, ['a'], 1_000, 2_000).get('a')).toBe(1);
  });
});
