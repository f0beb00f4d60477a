import { type Address, isAddressEqual } from 'viem';
import type { SegmentOnChain } from '../market.ts';

/** What a segment asks of a node, as it stands on the chain. */
export type Duty =
  /** To claim it, where somebody's missed claim may have to be ended first. */
  | 'claim'
  /** To prove it: it is claimed by this node, which ends the claim itself where it missed it. */
  | 'prove'
  /** To defend, or to settle, what this node submitted. */
  | 'answer'
  /** To check what another node submitted. */
  | 'check'
  /** To end this node's challenge, which nobody answered. */
  | 'reject'
  /** To serve this node's proof no longer: nobody can challenge it any more. */
  | 'release'
  | 'none';

/** When the segment is to be looked at again, if no event comes before. */
export type Look = 'soon' | 'after the deadline' | 'never';

export interface Onlooker {
  me: Address;
  /** Of the chain, in seconds since 1970. */
  time: bigint;
  /** Whether no segment of the job can be claimed any more. */
  isShut: boolean;
}

/** What a segment asks of a node. Whoever has a duty looks again soon: it may have failed. */
export function dutyOf(
  { state, deadline, claimant, challenger, proof }: SegmentOnChain,
  { me, time, isShut }: Onlooker,
): { duty: Duty; look: Look } {
  const isMine = isAddressEqual(claimant, me);
  const isOver = time > deadline;
  const nothing = (look: Look) => ({ duty: 'none', look }) as const;
  const soon = (duty: Duty) => ({ duty, look: 'soon' }) as const;
  switch (state) {
    case 'open':
      return isShut ? nothing('never') : soon('claim');
    case 'claimed':
      if (isMine) return soon('prove');
      if (!isOver) return nothing('after the deadline');
      return isShut ? nothing('never') : soon('claim');
    case 'submitted':
      if (!isOver) return isMine ? nothing('after the deadline') : soon('check');
      return isMine ? soon('answer') : nothing('never');
    case 'challenged':
      if (!isOver) return isMine ? soon('answer') : nothing('after the deadline');
      if (isAddressEqual(challenger, me)) return soon('reject');
      // Once somebody has ended the challenge, it can be claimed.
      return nothing(isShut ? 'never' : 'soon');
    case 'settled':
    case 'verified':
      return { duty: isMine && BigInt(proof) !== 0n ? 'release' : 'none', look: 'never' };
  }
}
