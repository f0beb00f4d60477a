import { bytesToHex, type Hex, type TransactionReceipt, zeroHash } from 'viem';
import {
  type AccountPlace,
  encodeCapabilities,
  type NodeCapabilities,
  signBinding,
} from '../../protocol/registration/index.ts';
import type { Identity } from '../store/identity.ts';
import { nodeRegistryAbi } from './abi.ts';
import { bare } from './job.ts';
import type { Market } from './market.ts';
import type { SendOptions } from './sender.ts';

export interface NodeRegistrationReport {
  account: Hex;
  peerId: string;
  /** Nothing for a node that proves nothing for others. */
  capabilities: NodeCapabilities | undefined;
  /** Whether all of it was registered before: then nothing was sent. */
  known: boolean;
  transaction?: Hex;
}

export interface RegisterNodeInit {
  market: Market;
  identity: Pick<Identity, 'peerId' | 'publicKey' | 'secretKey'>;
  capabilities: NodeCapabilities | undefined;
}

/**
 * Ties a node's peer id to the account that sends, by both their signatures, and publishes what the node can prove;
 * replaces what the account said before. Sends nothing where it says so already.
 *
 * @throws TesseraError `ENCODING_INVALID` for capabilities out of their ranges, `CHAIN_REFUSED`, `CHAIN_FAILED`
 */
export async function registerNode(
  { market, identity, capabilities }: RegisterNodeInit,
  options: SendOptions = {},
): Promise<NodeRegistrationReport> {
  const { chain } = market;
  const signature = signBinding(accountPlace(market, chain.address), identity.secretKey);
  const node = {
    peerKey: `0x${identity.publicKey}`,
    signatureR: bytesToHex(signature.subarray(0, 32)),
    signatureS: bytesToHex(signature.subarray(32)),
    capabilities: bytesToHex(encodeCapabilities(capabilities)),
  } as const;
  const registry = { address: market.addresses.nodes, abi: nodeRegistryAbi } as const;
  const args = [chain.address] as const;
  const present = await chain.read({ ...registry, functionName: 'nodeOf', args });
  const report = { account: chain.address, peerId: identity.peerId, capabilities };
  if ((Object.keys(node) as (keyof typeof node)[]).every((name) => present[name] === node[name])) {
    return { ...report, known: true };
  }
  const action = 'Registering the node';
  const { transactionHash } = await chain.write(
    { ...registry, functionName: 'register', args: [node], action },
    options,
  );
  return { ...report, known: false, transaction: transactionHash };
}

/**
 * Takes back what the sending account said of a node. Its stake stays.
 *
 * @returns nothing where it said nothing
 */
export async function removeNode(
  { chain, addresses }: Market,
  options: SendOptions = {},
): Promise<TransactionReceipt | undefined> {
  const registry = { address: addresses.nodes, abi: nodeRegistryAbi } as const;
  const { peerKey } = await chain.read({ ...registry, functionName: 'nodeOf', args: [chain.address] });
  if (peerKey === zeroHash) return undefined;
  const action = 'Taking back the node’s registration';
  return chain.write({ ...registry, functionName: 'remove', args: [], action }, options);
}

/** Where a peer's key ties itself to an account. */
export function accountPlace({ chain, addresses }: Market, account: Hex): AccountPlace {
  return { chainId: BigInt(chain.network.chainId), registry: bare(addresses.nodes), account: bare(account) };
}
