import { multiaddr } from '@multiformats/multiaddr';
import { z } from 'zod';
import { publicKeyOf } from '../../protocol/messages/index.ts';
import { chainShape } from './chain-shape.ts';

const address = z.string().refine(isMultiaddr, 'is not a multiaddr, e.g. /ip4/192.0.2.1/tcp/4801');
const peerAddress = address.refine(
  (text) => !isMultiaddr(text) || /\/p2p\/[^/]+$/.test(text),
  'does not end in /p2p/ and a peer id',
);
const peerId = z.string().refine(isPeerId, 'is not the peer id of an Ed25519 key, e.g. 12D3KooW…');
const port = z.int().min(0).max(65_535);

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const transports = ['libp2p', 'waku', 'both'] as const;

/**
 * Every setting of a node, with its default. The names are those of the configuration file; an environment variable
 * and a flag follow from each: `apiPort`, `TESSERA_API_PORT`, `--api-port`.
 */
const eachSetting = z.strictObject({
  listen: z
    .array(address)
    .default(['/ip4/0.0.0.0/tcp/4801', '/ip4/0.0.0.0/tcp/4802/ws'])
    .describe(
      'Multiaddrs to listen on; TCP, WebSocket with `/ws`, and UDP with `/webrtc-direct`. Port 0 takes a free one.',
    ),
  announce: z
    .array(address)
    .default([])
    .describe('Multiaddrs to tell others instead, for a node behind a router that forwards to it.'),
  bootstrap: z.array(peerAddress).default([]).describe('Multiaddrs of nodes to join the network by.'),
  mdns: z.boolean().default(true).describe('Find nodes of the local network by multicast DNS.'),
  upnp: z.boolean().default(false).describe('Ask the router to forward the ports that are listened on.'),
  webrtc: z
    .boolean()
    .default(false)
    .describe('Connect by WebRTC-direct too; needs the package `@libp2p/webrtc`, version 6.'),
  relay: z.boolean().default(false).describe('Relay connections for nodes that cannot be dialled.'),
  transport: z
    .enum(transports)
    .default('libp2p')
    .describe('How offers and bids travel: libp2p’s gossip, Waku, or each message both ways.'),
  wakuPeers: z
    .array(peerAddress)
    .default([])
    .describe('Multiaddrs of Waku service nodes, by WebSocket; only those that are listed are asked.'),
  wakuCluster: z.int().min(0).max(65_535).default(42).describe('Waku’s cluster; shard 0 of it is used.'),
  maxConnections: z.int().min(1).max(100_000).default(300).describe('Peers to be connected to at most.'),
  connectionsPerHost: z
    .int()
    .min(1)
    .max(100_000)
    .default(16)
    .describe('New connections a second from one host; further ones are refused.'),
  artifactSpace: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(20)
    .describe(
      'GiB that artifacts may take on disk; the least recently used go first; never what is pinned or a job needs.',
    ),
  worker: z
    .boolean()
    .default(true)
    .describe('Prove segments of others’ jobs, with the provers that are set up.'),
  workerProofs: z.int().min(1).max(1_024).default(1).describe('Segments of others that are proven at once.'),
  workerMemory: z
    .int()
    .min(1)
    .max(65_536)
    .default(2)
    .describe('GiB that the provers may use for others, all together.'),
  workerDisk: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(1)
    .describe('GiB that are to be free on the disk; with less, no segment of others is taken.'),
  workerPrice: z
    .int()
    .min(0)
    .default(0)
    .describe(
      'The least that is asked for a million units of the cost model, in the currency’s smallest unit.',
    ),
  requesters: z
    .array(peerId)
    .default([])
    .describe('Peer ids of those whose segments are proven; everybody’s where none is named.'),
  apiPort: port
    .default(4800)
    .describe('Port of the local API and of the metrics, on loopback only; 0 takes a free one.'),
  logLevel: z.enum(logLevels).default('info').describe('What is worth a line on standard error, at least.'),
  ...chainShape,
});

/** A node's configuration: every setting, and what must hold between them. */
export const configurationSchema = eachSetting.refine(
  ({ transport, wakuPeers }) => transport === 'libp2p' || wakuPeers.length > 0,
  {
    path: ['wakuPeers'],
    error: 'is empty, but the transports `waku` and `both` need a Waku service node',
  },
);

export type Configuration = z.infer<typeof configurationSchema>;
export type SettingName = keyof Configuration;

/** How a setting is written in an environment variable or after a flag. */
export type SettingKind = 'list' | 'switch' | 'number' | 'choice' | 'text';

export interface Setting {
  name: SettingName;
  /** Environment variable. */
  variable: string;
  /** Without a value's placeholder. */
  flag: string;
  kind: SettingKind;
  description: string;
  /** Whether it is about a chain. */
  ofChain: boolean;
  /** Nothing where it has to be said. */
  default: Configuration[SettingName];
  /** Of a choice. */
  choices?: readonly string[];
  /** Of a number: the least and the largest; none where there is no largest. */
  range?: { from: number; to?: number };
}

/** Every setting, in the schema's order. */
export const settings: readonly Setting[] = Object.entries(eachSetting.shape).map(([name, schema]) => {
  const value = schema.unwrap();
  return {
    name: name as SettingName,
    variable: `TESSERA_${words(name).join('_').toUpperCase()}`,
    flag: `--${words(name).join('-')}`,
    kind: kindOf(value),
    description: schema.description ?? '',
    ofChain: name in chainShape,
    default: schema.parse(undefined),
    ...(value instanceof z.ZodEnum ? { choices: value.options } : {}),
    ...(value instanceof z.ZodNumber ? { range: rangeOf(value) } : {}),
  };
});

function rangeOf({ minValue, maxValue }: z.ZodNumber): NonNullable<Setting['range']> {
  const to = maxValue === null || maxValue >= Number.MAX_SAFE_INTEGER ? {} : { to: maxValue };
  return { from: minValue ?? 0, ...to };
}

function kindOf(schema: z.ZodType): SettingKind {
  if (schema instanceof z.ZodArray) return 'list';
  if (schema instanceof z.ZodBoolean) return 'switch';
  if (schema instanceof z.ZodString) return 'text';
  return schema instanceof z.ZodEnum ? 'choice' : 'number';
}

/** `apiPort` as `api`, `port`. */
function words(name: string): string[] {
  return name.split(/(?=[A-Z])/).map((word) => word.toLowerCase());
}

function isPeerId(text: string): boolean {
  try {
    publicKeyOf(text);
    return true;
  } catch {
    return false;
  }
}

function isMultiaddr(text: string): boolean {
  try {
    multiaddr(text);
    return text.length > 0;
  } catch {
    return false;
  }
}
