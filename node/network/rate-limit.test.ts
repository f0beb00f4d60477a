import { describe, expect, it } from 'vitest';
import { RateLimit } from './rate-limit.ts';

describe('a rate limit', () => {
  it('refills with time, up to its burst', () => {
    const limit = new RateLimit({ burst: 2, perSecond: 1, maxParties: 10 });
    expect([limit.take('a', 0), limit.take('a', 0), limit.take('a', 0)]).toEqual([
      'within',
      'within',
      'over',
    ]);
    expect(limit.take('a', 2_000)).toBe('within');
    expect([1, 2, 3].map(() => limit.take('a', 1e9))).toEqual(['within', 'within', 'over']);
  });

  it('does not run backwards with the clock', () => {
    const limit = new RateLimit({ burst: 1, perSecond: 1, maxParties: 10 });
    limit.take('a', 10_000);
    expect(limit.take('a', 0)).not.toBe('within');
  });

  it('keeps account of so many parties, and forgets the one that was quiet longest', () => {
    const limit = new RateLimit({ burst: 1, perSecond: 0, maxParties: 2 });
    for (const party of ['a', 'b', 'a', 'c']) limit.take(party, 0);
    expect(limit.take('a', 0)).not.toBe('within');
    expect(limit.take('b', 0)).toBe('within');
  });
});
