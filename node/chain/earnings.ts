import { type Address, getAddress, isAddressEqual } from 'viem';
import { readEvents } from './events.ts';
import type { Market, StakeOnChain } from './market.ts';

/** What one account has earned, risked and lost on a market; amounts of tokens by the token's address, zero for the coin. */
export interface Earnings {
  account: Address;
  stake: StakeOnChain;
  /** Rewards, refunds and bonds of challenges that were credited, in all. */
  credited: Record<Address, bigint>;
  withdrawn: Record<Address, bigint>;
  /** What can be withdrawn now. */
  owed: Record<Address, bigint>;
  /** Bonds that were burned, in wei. */
  burned: bigint;
  segments: { verified: number; settled: number; failed: number };
}

/**
 * Adds up a market's events since its deployment.
 *
 * @param only the one token that counts; all and the chain's coin unless given
 */
export async function earningsOf(
  market: Market,
  account: Address,
  since: bigint,
  only?: Address,
): Promise<Earnings> {
  const head = await market.chain.height();
  const credited: Record<Address, bigint> = only === undefined ? {} : { [getAddress(only)]: 0n };
  const withdrawn: Record<Address, bigint> = {};
  const segments = { verified: 0, settled: 0, failed: 0 };
  const claimants = new Map<string, Address>();
  let burned = 0n;
  const add = (sums: Record<Address, bigint>, token: Address, amount: bigint) => {
    if (only === undefined || isAddressEqual(token, only)) sums[token] = (sums[token] ?? 0n) + amount;
  };
  const isMine = (address: Address | undefined) => address !== undefined && isAddressEqual(address, account);
  for (const event of await readEvents(market, since, head)) {
    switch (event.eventName) {
      case 'Credited':
        if (isMine(event.args.account)) add(credited, event.args.token, event.args.amount);
        break;
      case 'Withdrawn':
        if (isMine(event.args.account)) add(withdrawn, event.args.token, event.args.amount);
        break;
      case 'SegmentClaimed':
        claimants.set(`${event.args.job}/${event.args.segment}`, event.args.claimant);
        break;
      // Its event names who sent the proof, which in a defence may be anybody.
      case 'SegmentVerified':
        if (isMine(claimants.get(`${event.args.job}/${event.args.segment}`))) segments.verified++;
        break;
      case 'SegmentSettled':
        if (isMine(event.args.claimant)) segments.settled++;
        break;
      case 'ClaimAbandoned':
      case 'ClaimExpired':
      case 'SubmissionRejected':
        if (!isMine(event.args.claimant)) break;
        segments.failed++;
        burned += event.args.burned;
        break;
    }
  }
  const owed: Record<Address, bigint> = {};
  for (const token of Object.keys(credited) as Address[]) owed[token] = await market.owed(account, token);
  return { account, stake: await market.stake(account), credited, withdrawn, owed, burned, segments };
}
