import type { Libp2p, PeerId } from '@libp2p/interface';
import type { FastifyInstance } from 'fastify';
import type { Peer } from '../peer/index.ts';

/** A connected peer, as `GET /v1/peers` lists it. */
export interface ConnectedPeer {
  peerId: string;
  /** The multiaddr that it is connected by. */
  address: string;
  direction: 'inbound' | 'outbound';
  /** Through a relay, with limits on time and bytes. */
  relayed: boolean;
  /** Milliseconds since 1970. */
  since: number;
  /** What it runs, by its own word. */
  agent?: string;
}

/** `GET /v1/status`, `GET /v1/peers`, `GET /metrics`. */
export function peerRoutes(peer: Peer): (server: FastifyInstance) => void {
  return (server) => {
    server.get('/v1/status', async () => peer.status());
    server.get('/v1/peers', async () => ({ peers: await connectedPeers(peer) }));
    server.get('/metrics', async (_, reply) => {
      await reply.type(peer.metrics.contentType).send(await peer.metrics.metrics());
    });
  };
}

async function connectedPeers({ libp2p }: Peer): Promise<ConnectedPeer[]> {
  return Promise.all(
    libp2p.getConnections().map(async ({ remotePeer, remoteAddr, direction, limits, timeline }) => {
      const agent = await agentOf(libp2p, remotePeer);
      return {
        peerId: remotePeer.toString(),
        address: remoteAddr.toString(),
        direction,
        relayed: limits !== undefined,
        since: timeline.open,
        ...(agent === undefined ? {} : { agent }),
      };
    }),
  );
}

/** What `identify` learnt of it, if it has answered yet. */
async function agentOf({ peerStore }: Libp2p, peer: PeerId): Promise<string | undefined> {
  const known = await peerStore.get(peer).catch((error: Error) => {
    if (error.name === 'NotFoundError') return undefined;
    throw error;
  });
  const agent = known?.metadata.get('AgentVersion');
  return agent === undefined ? undefined : new TextDecoder().decode(agent.subarray(0, maxAgentBytes));
}

/** It comes from a stranger and goes to a terminal. */
const maxAgentBytes = 128;
