import { type IMetadata, type Libp2pComponents, waku } from '@waku/sdk';
import protobuf from 'protobufjs';

/**
 * What the SDK asks a service node first: the cluster and the shards that it serves (Waku specification 66,
 * WAKU-METADATA). The SDK reads shards of field 2 only, which was the field before the specification changed;
 * go-waku writes field 3, and the SDK would take such a node for one that serves no shard.
 */
export function metadataOfBothForms(clusterId: number): (components: Libp2pComponents) => IMetadata {
  return (components) => {
    const service = waku.wakuMetadata(clusterId)(components);
    return Object.assign(service, { decodeMetadataResponse });
  };
}

interface Served {
  shardInfo: { clusterId?: number; shards: number[] } | null;
  error: string | null;
}

const clusterField = 1;
const shardFields = [2, 3];
const lengthDelimited = 2;

/** More shards than a cluster has. */
const maxShards = 1_024;

function decodeMetadataResponse(chunks: readonly { subarray(): Uint8Array }[]): Served {
  const reader = protobuf.Reader.create(Buffer.concat(chunks.map((chunk) => chunk.subarray())));
  const shards = new Set<number>();
  let clusterId: number | undefined;
  try {
    while (reader.pos < reader.len && shards.size < maxShards) {
      const key = reader.uint32();
      const [field, wireType] = [key >>> 3, key & 7];
      if (field === clusterField) clusterId = reader.uint32();
      else if (!shardFields.includes(field)) reader.skipType(wireType);
      else if (wireType !== lengthDelimited) shards.add(reader.uint32());
      else {
        const end = reader.uint32() + reader.pos;
        while (reader.pos < end && shards.size < maxShards) shards.add(reader.uint32());
      }
    }
  } catch {
    return { shardInfo: null, error: 'Failed to decode' };
  }
  return {
    shardInfo: { ...(clusterId === undefined ? {} : { clusterId }), shards: [...shards] },
    error: null,
  };
}
