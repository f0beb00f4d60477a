import { TesseraError } from '../../protocol/errors.ts';
import {
  belongsTo,
  forgettableAt,
  freshness,
  messageLimits,
  openMessage,
  peerIdOf,
  type SignedMessage,
  type Topic,
} from '../../protocol/messages/index.ts';
import type { SignatureCheck } from '../../protocol/strict-signature.ts';
import { FairShare, type FairShareInit, type Rate } from './fair-share.ts';
import { nativeSignatureCheck } from './native-signature.ts';
import { RateLimit } from './rate-limit.ts';
import { SeenMessages } from './seen-messages.ts';

/** Why a message is not passed on. */
export const gateReasons = ['malformed', 'oversized', 'topic', 'stale', 'replayed', 'rate'] as const;
export type GateReason = (typeof gateReasons)[number];

/**
 * `accept`: act upon it and pass it on. `ignore`: neither, and nobody is to blame. `reject`: neither, and whoever
 * brought it should have known.
 */
export type GateVerdict =
  | { verdict: 'accept'; signed: SignedMessage }
  | { verdict: 'ignore' | 'reject'; reason: GateReason };

export interface GateRates {
  /** Messages of one sender on one topic. */
  sender: Rate;
  /** Everything that one peer brings, its own or others'; who brings more is to blame. */
  source: Rate;
  /** Of that, what is looked at of one peer in any case, and of all together beyond it: each costs about a millisecond. */
  look: Omit<FairShareInit, 'maxParties'>;
}

export const defaultGateRates: GateRates = {
  sender: { burst: 64, perSecond: 4 },
  source: { burst: 2_000, perSecond: 400 },
  look: { own: { burst: 16, perSecond: 1 }, common: { burst: 1_000, perSecond: 200 } },
};

export interface MessageGateInit {
  rates?: GateRates;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** Peers that bring something of which account is kept: more than are ever connected. */
const maxSources = 4_096;

/**
 * Judges what strangers bring, the cheap checks first: no signature is verified for a peer that is over its rate, and
 * only so many in all, however many peers there are.
 * One gate to one transport: a transport passes on what is new to it, wherever else it was seen.
 */
export class MessageGate {
  readonly #now: () => number;
  readonly #senders: RateLimit;
  readonly #sources: RateLimit;
  readonly #looks: FairShare;
  readonly #seen = new SeenMessages();
  readonly #isSignedBy = nativeSignatureCheck();

  constructor({ rates = defaultGateRates, now = Date.now }: MessageGateInit = {}) {
    this.#now = now;
    this.#senders = new RateLimit({ ...rates.sender, maxParties: 16_384 });
    this.#sources = new RateLimit({ ...rates.source, maxParties: maxSources });
    this.#looks = new FairShare({ ...rates.look, maxParties: maxSources });
  }

  /** How many entries each table has. */
  get sizes(): { senders: number; sources: number; looks: number; seen: number } {
    const [senders, sources, looks, seen] = [this.#senders, this.#sources, this.#looks, this.#seen];
    return { senders: senders.size, sources: sources.size, looks: looks.size, seen: seen.size };
  }

  /** @param source The peer id of whoever brought it, which need not be its sender's; a relay's name where none is known */
  judge(topic: Topic, bytes: Uint8Array, source: string): GateVerdict {
    const now = this.#now();
    if (this.#sources.take(source, now) !== 'within') return { verdict: 'reject', reason: 'rate' };
    if (bytes.length > messageLimits.envelopeBytes) return { verdict: 'reject', reason: 'oversized' };
    // Gossip takes it for seen now, whoever brings it next: offers and bids are said again.
    if (!this.#looks.take(source, now)) return { verdict: 'ignore', reason: 'rate' };
    const signed = open(bytes, this.#isSignedBy);
    if (signed === undefined) return { verdict: 'reject', reason: 'malformed' };
    if (!belongsTo(topic, signed.message)) return { verdict: 'reject', reason: 'topic' };
    return this.#judgeSigned(topic, signed, source, now);
  }

  #judgeSigned(topic: Topic, signed: SignedMessage, source: string, now: number): GateVerdict {
    const { message, id } = signed;
    if (freshness(message, now) !== 'fresh') {
      return { verdict: isStaleForEverybody(signed, now) ? 'reject' : 'ignore', reason: 'stale' };
    }
    const sighting = this.#seen.sight(id, source, forgettableAt(message), now);
    if (sighting !== 'new')
      return { verdict: sighting === 'repeated' ? 'reject' : 'ignore', reason: 'replayed' };
    const rate = this.#senders.take(`${topic}/${message.sender}`, now);
    if (rate === 'within') return { verdict: 'accept', signed };
    // Whoever passes on another's flood may have room for it that this node has not.
    const isOwn = source === peerIdOf(message.sender);
    return { verdict: rate === 'far over' && isOwn ? 'reject' : 'ignore', reason: 'rate' };
  }
}

function open(bytes: Uint8Array, check: SignatureCheck): SignedMessage | undefined {
  try {
    return openMessage(bytes, check);
  } catch (error) {
    if (error instanceof TesseraError && error.code === 'ENCODING_INVALID') return undefined;
    throw error;
  }
}

/** Stale by every clock that is off by no more than is allowed: whoever brought it took it for fresh by none of them. */
function isStaleForEverybody({ message }: SignedMessage, now: number): boolean {
  const { clockSkew } = messageLimits;
  return freshness(message, now - clockSkew) !== 'fresh' && freshness(message, now + clockSkew) !== 'fresh';
}
