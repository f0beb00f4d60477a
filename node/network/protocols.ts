/**
 * The names by which peers of this network know one another's protocols. A node of another network (another
 * prefix) shares nothing with this one but the connection itself.
 */
export const protocolPrefix = '/tessera/1';

/** Protocol ids, as libp2p negotiates them on each stream. */
export const protocols = {
  /** Kademlia with records of this network only. */
  dht: `${protocolPrefix}/kad/1.0.0`,
  /** A signed message and its answer between two peers. */
  request: `${protocolPrefix}/request/1.0.0`,
} as const;
