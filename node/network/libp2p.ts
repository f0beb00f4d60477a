import { autoNAT } from '@libp2p/autonat';
import {
  type CircuitRelayService,
  circuitRelayServer,
  circuitRelayTransport,
} from '@libp2p/circuit-relay-v2';
import { dcutr } from '@libp2p/dcutr';
import { type GossipSub, gossipsub, StrictNoSign } from '@libp2p/gossipsub';
import { type Identify, type IdentifyPush, identify, identifyPush } from '@libp2p/identify';
import type { ComponentLogger, Libp2p, PrivateKey } from '@libp2p/interface';
import { type KadDHT, kadDHT, passthroughMapper } from '@libp2p/kad-dht';
import { mdns } from '@libp2p/mdns';
import { noise } from '@libp2p/noise';
import { type Ping, ping } from '@libp2p/ping';
import { prometheusMetrics } from '@libp2p/prometheus-metrics';
import { tcp } from '@libp2p/tcp';
import { type UPnPNAT, uPnPNAT } from '@libp2p/upnp-nat';
import { webSockets } from '@libp2p/websockets';
import { yamux } from '@libp2p/yamux';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Datastore } from 'interface-datastore';
import { createLibp2p, type Libp2pOptions } from 'libp2p';
import type { Registry } from 'prom-client';
import { TesseraError } from '../../protocol/errors.ts';
import { topicAddress, topicNames } from '../../protocol/messages/index.ts';
import { version } from '../package.ts';
import { gossipLimits, peerScoreParams, peerScoreThresholds } from './peer-score.ts';
import { protocolPrefix, protocols } from './protocols.ts';
import { loadWebRtcDirect } from './webrtc-direct.ts';

/** What a node offers to the rest of the program on top of its connections. */
export type Libp2pServices = {
  dht: KadDHT;
  pubsub: GossipSub;
  identify: Identify;
  identifyPush: IdentifyPush;
  ping: Ping;
  autoNAT: unknown;
  dcutr: unknown;
  upnp?: UPnPNAT;
  relay?: CircuitRelayService;
};

export type Libp2pNode = Libp2p<Libp2pServices>;

export interface Libp2pNodeOptions {
  /** The node's identity, Ed25519. */
  privateKey: PrivateKey;
  /** Known peers and DHT records; they outlive the process where the datastore does. */
  datastore: Datastore;
  /** Multiaddrs to listen on; port 0 takes a free one. Empty: dial only. */
  listen: readonly string[];
  /** Multiaddrs to announce instead of those that are listened on, for a node behind a fixed forwarding. */
  announce?: readonly string[];
  /** Find peers of the local network by multicast DNS. */
  mdns?: boolean;
  /** Ask the router to forward ports. */
  upnp?: boolean;
  /** Relay connections for peers that cannot be dialled. */
  relay?: boolean;
  /** Connect by WebRTC-direct too; an address of it among those to listen on switches it on as well. */
  webrtc?: boolean;
  /** How many peers to stay connected to at most; 300 by default. */
  maxConnections?: number;
  /** New connections a second from one host before further ones are refused; 16 by default. */
  connectionsPerHost?: number;
  /** Where to register metrics; none are collected without it. */
  metrics?: Registry;
  logger?: ComponentLogger;
}

/**
 * Starts a libp2p node of this network: TCP, WebSocket and relayed connections, noise, yamux, WebRTC-direct where it
 * is wanted; a DHT of its own under `/tessera/1/kad/1.0.0`, which serves from the start; gossip with peer scoring.
 *
 * Gossip carries no signatures of libp2p's: every message of this network is signed by its sender, and known to
 * gossip by the hash of its bytes.
 *
 * @throws TesseraError `NETWORK_FAILED` when it cannot listen where it should; `TRANSPORT_MISSING`
 */
export async function createLibp2pNode(options: Libp2pNodeOptions): Promise<Libp2pNode> {
  try {
    return await createLibp2p(await initOf(options));
  } catch (error) {
    if (error instanceof Error && error.name === 'UnsupportedListenAddressesError') {
      throw cannotListen(options.listen, error);
    }
    throw error;
  }
}

async function initOf(options: Libp2pNodeOptions): Promise<Libp2pOptions<Libp2pServices>> {
  const { privateKey, datastore, listen, logger, metrics } = options;
  const webrtc = options.webrtc || listen.some((address) => address.includes('/webrtc-direct'));
  return {
    privateKey,
    datastore,
    ...(logger === undefined ? {} : { logger }),
    ...(metrics === undefined
      ? {}
      : {
          metrics: prometheusMetrics({
            registry: metrics,
            preserveExistingMetrics: true,
            collectDefaultMetrics: false,
          }),
        }),
    nodeInfo: { name: 'tessera', version, userAgent: `tessera/${version}` },
    addresses: { listen: [...listen], announce: [...(options.announce ?? [])] },
    transports: [tcp(), webSockets(), circuitRelayTransport(), ...(webrtc ? [await loadWebRtcDirect()] : [])],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: {
      maxConnections: options.maxConnections ?? 300,
      inboundConnectionThreshold: options.connectionsPerHost ?? 16,
      maxIncomingPendingConnections: 32,
    },
    // A peer that proves, or whose line is full, answers a ping late: libp2p's 5 s would part it from its transfers. And
    // a ping costs both sides milliseconds: with libp2p's 10 s, some hundred nodes of one machine do nothing else.
    connectionMonitor: { pingInterval: 60_000, pingTimeout: { minTimeout: 30_000 } },
    // Bootstrap nodes are the connection keeper's: `@libp2p/bootstrap` dials while libp2p starts, and the DHT and
    // gossip never hear of a peer that was identified before they had started (libp2p 3.3.11).
    peerDiscovery: options.mdns ? [mdns({ serviceTag: mdnsService, interval: mdnsInterval })] : [],
    services: {
      // Who is not identified in time is never heard of by the DHT and gossip: 5 s are too few while many join at once.
      identify: identify({ timeout: identifyTimeout }),
      identifyPush: identifyPush({ timeout: identifyTimeout }),
      // The monitor takes a ping that finds too many others under way for a dead connection, and closes it (libp2p
      // 3.3.11): the DHT's pings and a late one of its own meet there.
      ping: ping({ maxInboundStreams: pingStreams, maxOutboundStreams: pingStreams }),
      dht: kadDHT({
        protocol: protocols.dht,
        // Private addresses stay in the records: a network may well live inside one house.
        peerInfoMapper: passthroughMapper,
        clientMode: false,
      }),
      pubsub: gossipsub({
        globalSignaturePolicy: StrictNoSign,
        // With its topic: nobody can make a message count as seen by saying it where it does not belong.
        msgIdFn: ({ topic, data }) => sha256(concatBytes(utf8ToBytes(`${topic}\0`), data)),
        allowedTopics: topics,
        allowPublishToZeroTopicPeers: true,
        ignoreDuplicatePublishError: true,
        fallbackToFloodsub: false,
        emitSelf: false,
        maxInboundDataLength: gossipLimits.frameBytes,
        decodeRpcLimits: gossipLimits.rpc,
        scoreParams: peerScoreParams(topics),
        scoreThresholds: peerScoreThresholds,
      }),
      autoNAT: autoNAT({ protocolPrefix: protocolPrefix.slice(1) }),
      dcutr: dcutr(),
      ...(options.upnp ? { upnp: uPnPNAT({ portMappingDescription: 'tessera' }) } : {}),
      ...(options.relay ? { relay: circuitRelayServer() } : {}),
    },
  };
}

function cannotListen(listen: readonly string[], cause: Error): TesseraError {
  // libp2p lists each address with its error and stack, one a line.
  const reasons = [...cause.message.matchAll(/: Error: (.+)/g)].map((match) => match[1]);
  return new TesseraError('NETWORK_FAILED', {
    message: `The node cannot listen on ${listen.join(', ')}: ${reasons.join('; ') || cause.message}`,
    remedy: 'Another program may have the port: give others with --listen; port 0 takes a free one.',
    cause,
  });
}

const topics = topicNames.map(topicAddress);

/** Milliseconds. */
const identifyTimeout = 20_000;

/** Pings that one connection has under way at once, each way. */
const pingStreams = 16;

/** The service that nodes of this network ask multicast DNS for. */
const mdnsService = '_tessera._udp.local';

/** Milliseconds between two questions. */
const mdnsInterval = 3_000;
