import { setImmediate as breathe } from 'node:timers/promises';
import pLimit from 'p-limit';
import { type Address, concat, hexToBytes, parseEventLogs } from 'viem';
import { TesseraError } from '../../protocol/errors.ts';
import { peerIdOf } from '../../protocol/messages/index.ts';
import { decodeCapabilities, isBound, type NodeCapabilities } from '../../protocol/registration/index.ts';
import { nodeRegistryAbi } from './abi.ts';
import { readLogs } from './logs.ts';
import type { Market, StakeOnChain } from './market.ts';
import { accountPlace } from './node-registration.ts';

/** A node as the chain shows it, its peer's signature verified. */
export interface RegisteredNode {
  account: Address;
  peerId: string;
  /** Nothing where it proves nothing for others. */
  capabilities?: NodeCapabilities;
  /** Why its capabilities cannot be read, where they cannot. */
  problem?: string;
  /** For this market. */
  stake: StakeOnChain;
}

export interface NodeList {
  /** The newest registration first. */
  nodes: RegisteredNode[];
  /** Accounts that show a peer id whose key did not sign them. */
  untied: number;
  /** Older registrations that were not looked at. */
  unread: number;
}

/** Registrations whose signatures are verified, which takes about a millisecond each: anybody can register any number. */
const maxVerified = 4_096;
/** Signatures between two breaths. */
const verifiedAtOnce = 32;
const stakesAtOnce = 8;

/**
 * The nodes that are registered on a chain, each with what its account said last.
 *
 * @param since the block from which on the registry's events are read
 * @throws TesseraError `CHAIN_FAILED`
 */
export async function listNodes(market: Market, since: bigint, signal?: AbortSignal): Promise<NodeList> {
  const { chain } = market;
  const head = await chain.height();
  const logs = await readLogs(chain, market.addresses.nodes, since, head);
  const said = lastWords(parseEventLogs({ abi: nodeRegistryAbi, logs }));
  const newest = said.slice(0, maxVerified);
  const tied = [];
  for (const [index, node] of newest.entries()) {
    if (index % verifiedAtOnce === 0) await breathe(undefined, signal ? { signal } : {});
    const { account, peerKey, signatureR, signatureS } = node;
    const signature = hexToBytes(concat([signatureR, signatureS]));
    if (isBound(accountPlace(market, account), peerKey.slice(2), signature)) tied.push(node);
  }
  const limit = pLimit(stakesAtOnce);
  const nodes = await Promise.all(
    tied.map(({ account, peerKey, capabilities }) =>
      limit(async () => ({
        account,
        peerId: peerIdOf(peerKey.slice(2)),
        ...readCapabilities(hexToBytes(capabilities)),
        stake: await market.stake(account),
      })),
    ),
  );
  return { nodes, untied: newest.length - tied.length, unread: said.length - newest.length };
}

type RegistryEvent = ReturnType<typeof parseEventLogs<typeof nodeRegistryAbi>>[number];

/** What each account said last, unless it took that back; the newest first. */
function lastWords(events: readonly RegistryEvent[]) {
  const last = new Map<Address, Extract<RegistryEvent, { eventName: 'NodeRegistered' }>['args']>();
  for (const { eventName, args } of events) {
    // A map keeps the place of a key that is set again.
    last.delete(args.account);
    if (eventName === 'NodeRegistered') last.set(args.account, args);
  }
  return [...last.values()].reverse();
}

function readCapabilities(bytes: Uint8Array): Pick<RegisteredNode, 'capabilities' | 'problem'> {
  try {
    const capabilities = decodeCapabilities(bytes);
    return capabilities === undefined ? {} : { capabilities };
  } catch (error) {
    // Whoever registered them wrote them: that is for whoever reads the list.
    if (error instanceof TesseraError) return { problem: error.message };
    throw error;
  }
}
