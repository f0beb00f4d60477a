import {
  createPeerScoreParams,
  createPeerScoreThresholds,
  createTopicScoreParams,
  type PeerScoreParams,
} from '@libp2p/gossipsub/score';
import { messageLimits } from '../../protocol/messages/limits.ts';

/** Bounds on what a peer may put into one gossip frame, before any of it is decoded. */
export const gossipLimits = {
  /** A frame may hold many messages: an answer to IWANT does. */
  frameBytes: 64 * messageLimits.envelopeBytes,
  rpc: {
    maxSubscriptions: 64,
    maxMessages: 256,
    maxIhaveMessageIDs: 5_000,
    maxIwantMessageIDs: 5_000,
    maxIdontwantMessageIDs: 512,
    maxControlMessages: 512,
    maxPeerInfos: 16,
  },
} as const;

/**
 * How gossip judges peers (libp2p gossipsub v1.1, "Peer Scoring"). Delivering first raises a score a little; every
 * invalid message lowers it by the square of their number, so that ten within a minute cost a peer its place.
 */
export function peerScoreParams(topics: readonly string[]): PeerScoreParams {
  return createPeerScoreParams({
    topics: Object.fromEntries(topics.map((topic) => [topic, topicScore])),
    topicScoreCap: 50,
    // Many nodes on one machine, or one household behind one address, are no attack; a hundred are.
    IPColocationFactorThreshold: 32,
    IPColocationFactorWeight: -1,
    IPColocationFactorWhitelist: new Set(['127.0.0.1', '::1']),
    behaviourPenaltyWeight: -10,
    behaviourPenaltyThreshold: 6,
    behaviourPenaltyDecay: decay(60),
    retainScore: 3_600_000,
  });
}

/** What a peer may no longer do as its score falls. */
export const peerScoreThresholds = createPeerScoreThresholds({
  gossipThreshold: -20,
  publishThreshold: -50,
  graylistThreshold: -100,
  acceptPXThreshold: 10,
  opportunisticGraftThreshold: 1,
});

const topicScore = createTopicScoreParams({
  topicWeight: 1,
  timeInMeshWeight: 0.01,
  timeInMeshQuantum: 1_000,
  timeInMeshCap: 300,
  firstMessageDeliveriesWeight: 0.5,
  firstMessageDeliveriesDecay: decay(120),
  firstMessageDeliveriesCap: 50,
  // A quiet peer is no bad peer: traffic here comes in bursts.
  meshMessageDeliveriesWeight: 0,
  meshFailurePenaltyWeight: 0,
  invalidMessageDeliveriesWeight: -1,
  invalidMessageDeliveriesDecay: decay(600),
});

/** The factor per second by which a counter falls to a hundredth within so many seconds. */
function decay(seconds: number): number {
  return 0.01 ** (1 / seconds);
}
