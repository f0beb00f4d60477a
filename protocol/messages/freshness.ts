import { messageLimits } from './limits.ts';
import type { MessageHead } from './message.ts';

/** Whether a message may be acted upon at a time, the reader's clock being off by ten minutes at most. */
export type Freshness = 'fresh' | 'expired' | 'from the future';

/** @param now Milliseconds since 1970, by the reader's clock */
export function freshness({ issued, expires }: MessageHead, now: number): Freshness {
  if (issued > now + messageLimits.clockSkew) return 'from the future';
  if (now >= expires + messageLimits.clockSkew) return 'expired';
  return 'fresh';
}

/** When nobody can take a message for fresh any more, so that its id need not be remembered, by the reader's clock. */
export function forgettableAt({ expires }: MessageHead): number {
  return expires + messageLimits.clockSkew;
}
