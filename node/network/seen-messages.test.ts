import { describe, expect, it } from 'vitest';
import { SeenMessages } from './seen-messages.ts';

describe('seen messages', () => {
  it('are forgotten when they can no longer be fresh', () => {
    const seen = new SeenMessages();
    expect(seen.sight('a', 'x', 100, 0)).toBe('new');
    expect(seen.sight('a', 'x', 100, 99)).toBe('repeated');
    expect(seen.sight('a', 'x', 100, 100)).toBe('new');
  });

  it('are never more than their bound, the oldest going first', () => {
    const seen = new SeenMessages(3);
    for (const id of ['a', 'b', 'c', 'd']) seen.sight(id, 'x', 1_000, 0);
    expect(seen.size).toBe(3);
    expect(seen.sight('d', 'y', 1_000, 0)).toBe('known');
    expect(seen.sight('a', 'x', 1_000, 0)).toBe('new');
  });
});
