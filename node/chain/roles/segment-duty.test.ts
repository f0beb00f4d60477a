import { zeroAddress } from 'viem';
import { expect, it } from 'vitest';
import { developmentAccount } from '../embedded-chain.ts';
import type { SegmentOnChain } from '../market.ts';
import { type Duty, dutyOf, type Look } from './segment-duty.ts';

const [me, other] = [2, 3].map((index) => developmentAccount(index).address);
const deadline = 1_000n;

interface Case {
  state: SegmentOnChain['state'];
  claimant?: string | undefined;
  challenger?: string | undefined;
  over?: boolean;
  shut?: boolean;
  asks: readonly [Duty, Look];
}

const cases: readonly Case[] = [
  { state: 'open', asks: ['claim', 'soon'] },
  { state: 'open', shut: true, asks: ['none', 'never'] },
  { state: 'claimed', claimant: me, asks: ['prove', 'soon'] },
  { state: 'claimed', claimant: me, over: true, shut: true, asks: ['prove', 'soon'] },
  { state: 'claimed', claimant: other, asks: ['none', 'after the deadline'] },
  { state: 'claimed', claimant: other, over: true, asks: ['claim', 'soon'] },
  { state: 'claimed', claimant: other, over: true, shut: true, asks: ['none', 'never'] },
  { state: 'submitted', claimant: me, asks: ['none', 'after the deadline'] },
  { state: 'submitted', claimant: me, over: true, shut: true, asks: ['answer', 'soon'] },
  { state: 'submitted', claimant: other, shut: true, asks: ['check', 'soon'] },
  { state: 'submitted', claimant: other, over: true, asks: ['none', 'never'] },
  // A defence that failed is tried again: its deadline costs the bond.
  { state: 'challenged', claimant: me, challenger: other, asks: ['answer', 'soon'] },
  { state: 'challenged', claimant: me, challenger: other, over: true, shut: true, asks: ['none', 'never'] },
  { state: 'challenged', claimant: other, challenger: me, asks: ['none', 'after the deadline'] },
  { state: 'challenged', claimant: other, challenger: me, over: true, shut: true, asks: ['reject', 'soon'] },
  { state: 'challenged', claimant: other, challenger: other, over: true, asks: ['none', 'soon'] },
  { state: 'verified', claimant: me, asks: ['release', 'never'] },
  { state: 'settled', claimant: other, asks: ['none', 'never'] },
];

it.each(cases)('$state, by $claimant, over: $over, shut: $shut asks for $asks', (each) => {
  const { state, claimant, challenger, over = false, shut = false, asks } = each;
  const segment = {
    ...{ state, deadline, failures: 0, reward: 1n, bond: 1n, proof: `0x${'1'.repeat(64)}` },
    claimant: claimant ?? zeroAddress,
    challenger: challenger ?? zeroAddress,
  } as SegmentOnChain;
  const time = over ? deadline + 1n : deadline;
  const { duty, look } = dutyOf(segment, { me: me ?? zeroAddress, time, isShut: shut });
  expect([duty, look]).toEqual(asks);
});

it('has nothing to release of a segment that was proven at once', () => {
  const segment = {
    ...{ state: 'verified', claimant: me, deadline, failures: 0, reward: 1n, bond: 1n },
    ...{ proof: `0x${'0'.repeat(64)}`, challenger: zeroAddress },
  } as SegmentOnChain;
  expect(dutyOf(segment, { me: me ?? zeroAddress, time: 0n, isShut: false }).duty).toBe('none');
});
