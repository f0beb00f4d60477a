import type { Registry } from 'prom-client';
import { topicNames } from '../../protocol/messages/index.ts';
import { type Closer, closeAll } from '../close-all.ts';
import type { Configuration } from '../configuration/index.ts';
import { ConnectionKeeper, type Reach } from '../network/connection-keeper.ts';
import { GossipTransport } from '../network/gossip-transport.ts';
import { createLibp2pNode, type Libp2pNode } from '../network/libp2p.ts';
import { MessageGate } from '../network/message-gate.ts';
import { RequestProtocol } from '../network/request-protocol.ts';
import type { PathStatus, Transport } from '../network/transport.ts';
import { UnionTransport } from '../network/union-transport.ts';
import { version } from '../package.ts';
import {
  type Identity,
  loadOrCreateIdentity,
  type NodeFiles,
  type NodeStore,
  openNodeStore,
} from '../store/index.ts';
import { EventBus } from './events.ts';
import type { Logger } from './log.ts';
import { createMetrics, measureRequests, measureTransport } from './metrics.ts';

export interface PeerInit {
  configuration: Configuration;
  files: NodeFiles;
  log: Logger;
  /** Runs before the peer hears its first message: the place to subscribe to its transport. */
  prepare?: (peer: Peer) => Promise<void> | void;
  /** By which messages are judged; milliseconds since 1970. */
  now?: () => number;
}

/** A peer of the network, running. */
export interface Peer {
  readonly identity: Identity;
  readonly store: NodeStore;
  readonly libp2p: Libp2pNode;
  /** To everybody. */
  readonly transport: Transport;
  /** To one. */
  readonly requests: RequestProtocol;
  readonly events: EventBus;
  readonly metrics: Registry;
  readonly log: Logger;
  status(): PeerStatus;
  /** Whether it is in the network at all, and why not. */
  reach(): Reach;
  /** Stops everything and lets the data directory go; safe to call twice. */
  stop(): Promise<void>;
}

export interface PeerStatus {
  version: string;
  peerId: string;
  /** Multiaddrs, with the peer id, by which others reach it. */
  addresses: readonly string[];
  connectedPeers: number;
  paths: readonly PathStatus[];
}

/**
 * Starts a peer: opens its store, which only one process can, takes its identity, and joins the network.
 *
 * @throws TesseraError `NODE_RUNNING`, `IDENTITY_INVALID`, `NETWORK_FAILED` when it cannot listen
 */
export async function startPeer({
  configuration,
  files,
  log,
  prepare,
  now = Date.now,
}: PeerInit): Promise<Peer> {
  const closers: Closer[] = [];
  const stop = once(() => closeAll(closers));
  try {
    const store = await openNodeStore(files.database);
    closers.push(() => store.close());
    const identity = await loadOrCreateIdentity(files.identity);
    const metrics = createMetrics();
    const libp2p = await createLibp2pNode({
      ...configuration,
      privateKey: identity.privateKey,
      datastore: store.datastore,
      metrics,
    });
    closers.push(() => libp2p.stop());
    const onFault = (error: unknown) => log.error({ err: error }, 'a message was not handled');
    const transport = await createTransport({ configuration, identity, libp2p, onFault, now });
    closers.push(() => transport.close());
    measureTransport(metrics, transport);
    const requests = new RequestProtocol({
      libp2p,
      now,
      onFailure: (error, peer) => log.debug({ err: error, peer }, 'a request was not answered'),
    });
    closers.push(() => requests.close());
    measureRequests(metrics, requests);
    const keeper = new ConnectionKeeper({
      libp2p,
      bootstrap: configuration.bootstrap,
      onFailure: (error, target) => log.debug({ err: error, target }, 'a peer cannot be reached'),
    });
    keeper.start();
    closers.push(() => keeper.stop());

    const events = announceEvents(libp2p, transport, log);
    const status = (): PeerStatus => ({
      version,
      peerId: identity.peerId,
      addresses: libp2p.getMultiaddrs().map(String),
      connectedPeers: libp2p.getPeers().length,
      paths: transport.status(),
    });
    const peer: Peer = {
      identity,
      store,
      libp2p,
      transport,
      requests,
      events,
      metrics,
      log,
      status,
      reach: () => keeper.reach,
      stop,
    };
    await prepare?.(peer);
    await transport.start();
    return peer;
  } catch (error) {
    await stop().catch((failure) => log.error({ err: failure }, 'not everything was closed'));
    throw error;
  }
}

interface TransportNeeds {
  configuration: Configuration;
  identity: Identity;
  libp2p: Libp2pNode;
  onFault: (error: unknown) => void;
  now: () => number;
}

async function createTransport({
  configuration,
  identity,
  libp2p,
  onFault,
  now,
}: TransportNeeds): Promise<Transport> {
  const { transport, wakuPeers, wakuCluster } = configuration;
  const gossip = () =>
    new GossipTransport({ pubsub: libp2p.services.pubsub, gate: new MessageGate({ now }), onFault });
  if (transport === 'libp2p') return gossip();
  // Loaded where it is wanted only: it brings a second libp2p.
  const { WakuTransport } = await import('../network/waku/index.ts');
  const waku = await WakuTransport.create({
    serviceNodes: wakuPeers,
    cluster: wakuCluster,
    sender: identity.peerId,
    onFault,
  });
  return transport === 'waku' ? waku : new UnionTransport({ paths: [gossip(), waku], onFault });
}

function announceEvents(libp2p: Libp2pNode, transport: Transport, log: Logger): EventBus {
  const events = new EventBus();
  libp2p.addEventListener('peer:connect', ({ detail }) => {
    events.emit({ type: 'peer:connect', peer: detail.toString() });
    log.debug({ peer: detail.toString() }, 'connected');
  });
  libp2p.addEventListener('peer:disconnect', ({ detail }) => {
    events.emit({ type: 'peer:disconnect', peer: detail.toString() });
    log.debug({ peer: detail.toString() }, 'disconnected');
  });
  for (const topic of topicNames) {
    transport.subscribe(topic, ({ id, message: { kind, sender } }) => {
      events.emit({ type: 'message', topic, kind, id, sender });
      log.trace({ topic, kind, id, sender }, 'message');
    });
  }
  return events;
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= run();
    return running;
  };
}
