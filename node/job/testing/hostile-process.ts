/** Hostile peers, many in one process: each has an identity and connections of its own. Its one argument is a `HostileInit`. */
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { type GossipSub, gossipsub, StrictNoSign } from '@libp2p/gossipsub';
import { identify } from '@libp2p/identify';
import type { Libp2p } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, randomBytes } from '@noble/hashes/utils.js';
import { createLibp2p } from 'libp2p';
import {
  publicKeyOf,
  type SignedMessage,
  signMessage,
  type Topic,
  topicAddress,
} from '../../../protocol/messages/index.ts';
import { RequestProtocol } from '../../network/request-protocol.ts';
import { answerOf, attackingBid, gossipOf, requestOf } from './hostile-messages.ts';

export interface HostileInit {
  /** How many peers. */
  peers: number;
}

/** Whom to attack, besides those it was told of before. */
export interface HostileOrder {
  attack: { peer: string; addresses: readonly string[] };
}

export interface HostileReport {
  /** Peers that are connected to everybody that they attack. */
  connected: number;
  /** Gossip that was sent, requests that were sent, and of these those that were answered. */
  gossip: number;
  requests: number;
  answered: number;
  /** Assignments that its peers have taken, to say nothing more, and such as they gave and others took. */
  taken: number;
  given: number;
}

interface HostilePeer {
  /** Whether it offers what it assigns: then its assignments may be taken. */
  isOffering: boolean;
  libp2p: Libp2p<{ pubsub: GossipSub }>;
  requests: RequestProtocol;
  secretKey: Uint8Array;
  sender: string;
}

/** Milliseconds between two messages of one peer: fifty peers have their share of one processor. */
const pauseMs = 200;

const { peers: count } = JSON.parse(process.argv[2] ?? '') as HostileInit;
const targets: HostileOrder['attack'][] = [];
const report = { gossip: 0, requests: 0, answered: 0, taken: 0, given: 0 };

/** Peers of one process that offer what they assign. */
const offering = 5;

async function createPeer(index: number): Promise<HostilePeer> {
  const privateKey = await generateKeyPair('Ed25519');
  const libp2p = await createLibp2p({
    privateKey,
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      pubsub: gossipsub({ globalSignaturePolicy: StrictNoSign, allowPublishToZeroTopicPeers: true }),
    },
  });
  const requests = new RequestProtocol({ libp2p, onFailure: () => undefined });
  const secretKey = privateKey.raw.slice(0, 32);
  const sender = bytesToHex(ed25519.getPublicKey(secretKey));
  const peer = { isOffering: index < offering, libp2p, requests, secretKey, sender };
  // Takes whatever it is given, as if it were to prove it.
  await requests.serve(async ({ id, message }) => {
    if (message.kind !== 'assignment') return undefined;
    report.taken += 1;
    return signMessage(answerOf(peer.sender, id, message), secretKey);
  });
  return peer;
}

async function attack(peer: HostilePeer): Promise<void> {
  for (let turn = 0; ; turn++) {
    await sleep(pauseMs);
    for (const { peer: target, addresses } of targets) {
      try {
        await connect(peer, addresses);
        await tell(peer, target, turn);
      } catch {
        // It was refused, or cut off: it goes on.
      }
    }
    if (targets.length > 0) await shout(peer, turn);
  }
}

async function connect({ libp2p }: HostilePeer, addresses: readonly string[]): Promise<void> {
  // Gives back the connection that there is.
  await libp2p.dial(
    addresses.map((address) => multiaddr(address)),
    { signal: AbortSignal.timeout(60_000) },
  );
}

/**
 * One request: bids that win; reports, proofs and refusals of what it was never given; segments that nobody can prove;
 * now and then in another's name.
 */
async function tell(
  { isOffering, requests, secretKey, sender }: HostilePeer,
  target: string,
  turn: number,
): Promise<void> {
  const message =
    turn % 2 === 0 ? attackingBid(sender, turn) : requestOf(sender, publicKeyOf(target), turn, isOffering);
  const signed = turn % 10 === 1 ? inventedBid(turn) : signMessage(message, secretKey);
  report.requests += 1;
  const answer = await requests.request({ peer: target }, signed, { timeout: 60_000 });
  report.answered += 1;
  if (answer?.message.kind === 'progress') report.given += 1;
}

/** Gossip in its own name, in the name of somebody that it has just made up, and now and then what no node may say. */
async function shout({ libp2p, secretKey, sender }: HostilePeer, turn: number): Promise<void> {
  const said: { topic: Topic; bytes: Uint8Array }[] = [
    { topic: 'offers', bytes: signMessage(gossipOf(sender, turn), secretKey).bytes },
    { topic: 'bids', bytes: inventedBid(turn).bytes },
  ];
  if (turn % 20 === 2) said.push({ topic: 'bids', bytes: randomBytes(64) });
  if (turn % 20 === 3) said.push({ topic: 'offers', bytes: inventedBid(turn).bytes });
  if (turn % 20 === 4) said.push({ topic: 'bids', bytes: inventedBid(turn, Date.now() - 7_200_000).bytes });
  for (const { topic, bytes } of said) {
    try {
      await libp2p.services.pubsub.publish(topicAddress(topic), bytes);
      report.gossip += 1;
    } catch {
      // Nobody listens to it any more.
    }
  }
}

function inventedBid(sequence: number, issued?: number): SignedMessage {
  const key = randomBytes(32);
  return signMessage(attackingBid(bytesToHex(ed25519.getPublicKey(key)), sequence, issued), key);
}

const isConnected = ({ libp2p }: HostilePeer) => libp2p.getPeers().length >= targets.length;
const peers = await Promise.all(Array.from({ length: count }, (_, index) => createPeer(index)));
process.on('message', (order: HostileOrder | { report: true }) => {
  if ('attack' in order) {
    targets.push(order.attack);
    return;
  }
  const connected = peers.filter(isConnected).length;
  // What attacks has its own machines elsewhere: once it is there, it leaves the processors to what is attacked.
  if (targets.length > 0 && connected === peers.length) setPriority(10);
  process.send?.({ ...report, connected } satisfies HostileReport);
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
await Promise.all(peers.map(attack));
