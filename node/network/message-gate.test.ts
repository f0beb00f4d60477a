import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { describe, expect, it } from 'vitest';
import { peerIdOf } from '../../protocol/messages/index.ts';
import { defaultGateRates, MessageGate } from './message-gate.ts';
import { bidOf } from './testing/bids.ts';

const secretKey = hexToBytes('11'.repeat(32));
const own = peerIdOf(bytesToHex(ed25519.getPublicKey(secretKey)));
const start = 1_800_000_000_000;

const bid = (sequence: number) => bidOf({ secretKey, sequence, issued: start }).bytes;

function gateAt(time = start) {
  const clock = { now: time };
  return { clock, gate: new MessageGate({ now: () => clock.now }) };
}

describe('a gate', () => {
  it('lets a message through once', () => {
    const { gate } = gateAt();
    expect(gate.judge('bids', bid(1), own)).toMatchObject({
      verdict: 'accept',
      signed: { message: { sequence: 1 } },
    });
    expect(gate.judge('bids', bid(1), 'another')).toEqual({ verdict: 'ignore', reason: 'replayed' });
    expect(gate.judge('bids', bid(1), own)).toEqual({ verdict: 'reject', reason: 'replayed' });
    expect(gate.judge('bids', bid(1), 'another')).toEqual({ verdict: 'reject', reason: 'replayed' });
  });

  it('blames whoever brings what is no message, or not on this topic', () => {
    const { gate } = gateAt();
    expect(gate.judge('bids', new Uint8Array(65_537), own)).toEqual({
      verdict: 'reject',
      reason: 'oversized',
    });
    expect(gate.judge('bids', bid(1).subarray(1), own)).toEqual({ verdict: 'reject', reason: 'malformed' });
    expect(gate.judge('offers', bid(1), own)).toEqual({ verdict: 'reject', reason: 'topic' });
  });

  it.each([
    [-600_001, 'ignore'],
    [-1_200_000, 'ignore'],
    [-1_200_001, 'reject'],
    [660_000, 'ignore'],
    [1_259_999, 'ignore'],
    [1_260_000, 'reject'],
  ] as const)(
    'takes no message %i ms from its time, and blames nobody for a clock that may be off',
    (offset, verdict) => {
      const { gate } = gateAt(start + offset);
      expect(gate.judge('bids', bid(1), own)).toEqual({ verdict, reason: 'stale' });
    },
  );

  it('takes messages of clocks that are ten minutes off', () => {
    expect(gateAt(start - 600_000).gate.judge('bids', bid(1), own).verdict).toBe('accept');
    expect(gateAt(start + 659_999).gate.judge('bids', bid(1), own).verdict).toBe('accept');
  });

  it('does not pass on more of one sender than its rate, and blames the sender only, for a flood only', () => {
    const { gate, clock } = gateAt();
    const { burst, perSecond } = defaultGateRates.sender;
    const judge = (sequence: number, source: string) => gate.judge('bids', bid(sequence), source);
    for (let i = 0; i < burst; i++) expect(judge(i, own).verdict).toBe('accept');
    expect(judge(burst, own)).toEqual({ verdict: 'ignore', reason: 'rate' });
    for (let i = 1; i < burst; i++) judge(burst + i, 'a relay');
    expect(judge(2 * burst, 'a relay')).toEqual({ verdict: 'ignore', reason: 'rate' });
    expect(judge(2 * burst + 1, own)).toEqual({ verdict: 'reject', reason: 'rate' });
    clock.now += ((burst + 1) / perSecond) * 1_000;
    expect(judge(2 * burst + 2, own).verdict).toBe('accept');
  });

  it('looks at nothing of a peer that brings too much, before it is decoded', () => {
    const { gate } = gateAt();
    for (let i = 0; i < defaultGateRates.source.burst; i++) gate.judge('bids', new Uint8Array(1), 'flood');
    expect(gate.judge('bids', bid(1), 'flood')).toEqual({ verdict: 'reject', reason: 'rate' });
    expect(gate.judge('bids', bid(1), own).verdict).toBe('accept');
  });

  it('looks at so much in all, however many peers bring it, and blames none of them for the others', () => {
    const { gate, clock } = gateAt();
    const { own: ownRate, common } = defaultGateRates.look;
    const crowd = Array.from({ length: 100 }, (_, index) => `peer ${index}`);
    const looked = () =>
      crowd.flatMap((source) =>
        Array.from({ length: 50 }, () => gate.judge('bids', new Uint8Array(1), source)),
      );
    const reasons = looked().map(
      ({ verdict, ...rest }) => `${verdict} ${'reason' in rest ? rest.reason : ''}`,
    );
    expect(reasons.filter((one) => one === 'reject malformed')).toHaveLength(
      100 * ownRate.burst + common.burst,
    );
    expect(new Set(reasons)).toEqual(new Set(['reject malformed', 'ignore rate']));
    clock.now += 1_000;
    const later = looked().filter(({ verdict }) => verdict === 'reject');
    expect(later).toHaveLength(100 * ownRate.perSecond + common.perSecond);
    // Who has brought nothing yet is heard all the same.
    expect(gate.judge('bids', bid(1), own).verdict).toBe('accept');
  });

  it('keeps account of so many peers, whoever comes', () => {
    const { gate } = gateAt();
    for (let index = 0; index < 10_000; index++) gate.judge('bids', new Uint8Array(1), `peer ${index}`);
    expect(gate.sizes).toMatchObject({ sources: 4_096, looks: 4_096 });
  });

  it('remembers senders and messages only of what it has looked at', () => {
    const { gate } = gateAt();
    for (let index = 0; index < 10; index++) {
      const key = (16 + index).toString(16).padStart(64, '0');
      gate.judge('bids', bidOf({ secretKey: hexToBytes(key), sequence: 1, issued: start }).bytes, 'one');
    }
    gate.judge('bids', bid(1).subarray(1), 'one');
    expect(gate.sizes).toMatchObject({ senders: 10, seen: 10, sources: 1 });
  });
});
