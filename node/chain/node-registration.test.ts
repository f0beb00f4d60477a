import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { type Hex, parseAbi, zeroHash } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deploy } from '../../contracts/deploy.ts';
import { type Anvil, anvilAccount, startAnvil } from '../../contracts/testing/anvil.ts';
import { peerIdOf } from '../../protocol/messages/index.ts';
import { bindingMessage, type NodeCapabilities, signBinding } from '../../protocol/registration/index.ts';
import { nodeRegistryAbi } from './abi.ts';
import { Chain } from './chain-client.ts';
import { type DeployedMarket, deployedMarket } from './deployment.ts';
import { Market } from './market.ts';
import { listNodes } from './node-list.ts';
import { accountPlace, registerNode, removeNode } from './node-registration.ts';

let anvil: Anvil;
let deployed: DeployedMarket;

beforeAll(async () => {
  anvil = await startAnvil();
  deployed = deployedMarket(await deploy({ chain: await chainOf(0) }));
});
afterAll(() => anvil?.close());

const chainOf = (index: number) =>
  Chain.connect({ urls: [anvil.url], account: anvilAccount(index), pace: { pollInterval: 20 } });

const marketOf = async (index: number) => new Market(await chainOf(index), deployed.addresses);

function identityOf(seed: number) {
  const secretKey = new Uint8Array(32).fill(seed);
  const publicKey = bytesToHex(ed25519.getPublicKey(secretKey));
  return { secretKey, publicKey, peerId: peerIdOf(publicKey) };
}

const capabilities: NodeCapabilities = {
  ...{ cores: 8, memory: 2_048, places: 2, gpus: 1, price: 7n },
  speeds: new Map([
    ['ezkl', 1_200],
    ['groth16', 1_200],
  ]),
};

const list = async () => listNodes(await marketOf(0), deployed.since);
const sent = ({ chain }: Market) => chain.client.getTransactionCount({ address: chain.address });

/** Registers whatever is said, as any account may. */
async function registerRaw(market: Market, node: Record<'peerKey' | 'signature' | 'capabilities', string>) {
  const signatureR: Hex = `0x${node.signature.slice(0, 64)}`;
  const signatureS: Hex = `0x${node.signature.slice(64)}`;
  const args = [
    { peerKey: `0x${node.peerKey}`, signatureR, signatureS, capabilities: `0x${node.capabilities}` },
  ] as const;
  const registry = { address: deployed.addresses.nodes, abi: nodeRegistryAbi } as const;
  await market.chain.write({ ...registry, functionName: 'register', args, action: 'Registering anything' });
}

describe('a node’s registration', () => {
  it('ties peer and account, and is listed with capabilities and stake', async () => {
    const market = await marketOf(1);
    const identity = identityOf(1);
    await market.deposit(5n);
    expect(await registerNode({ market, identity, capabilities })).toMatchObject({
      ...{ account: market.chain.address, peerId: identity.peerId, known: false },
    });
    const { nodes } = await list();
    expect(nodes).toMatchObject([{ account: market.chain.address, peerId: identity.peerId, capabilities }]);
    expect(nodes[0]?.stake.amount).toBe(5n);
  });

  it('sends nothing again until something changes, and then replaces it', async () => {
    const market = await marketOf(1);
    const identity = identityOf(1);
    const before = await sent(market);
    expect(await registerNode({ market, identity, capabilities })).toMatchObject({ known: true });
    expect(await sent(market)).toBe(before);
    const faster = { ...capabilities, places: 4 };
    expect(await registerNode({ market, identity, capabilities: faster })).toMatchObject({ known: false });
    const { nodes } = await list();
    expect(nodes.map((node) => node.capabilities)).toEqual([faster]);
  });

  it('may say that the node proves nothing, and is taken back', async () => {
    const market = await marketOf(2);
    await registerNode({ market, identity: identityOf(2), capabilities: undefined });
    const { nodes } = await list();
    expect(nodes.map(({ peerId }) => peerId)).toEqual([identityOf(2).peerId, identityOf(1).peerId]);
    expect(nodes[0]).not.toHaveProperty('capabilities');
    await removeNode(market);
    expect((await list()).nodes).toHaveLength(1);
    const before = await sent(market);
    expect(await removeNode(market)).toBeUndefined();
    expect(await sent(market)).toBe(before);
  });

  it('signs what the registry says is to be signed', async () => {
    const market = await marketOf(1);
    const abi = parseAbi(['function bindingMessage(address account) view returns (bytes32)']);
    const { address: account } = market.chain;
    const registry = { address: deployed.addresses.nodes, abi } as const;
    const args = [account] as const;
    const found = await market.chain.read({ ...registry, functionName: 'bindingMessage', args });
    expect(found).toBe(`0x${bytesToHex(bindingMessage(accountPlace(market, account)))}`);
  });
});

describe('what strangers register', () => {
  const zeros = zeroHash.slice(2);

  it('ties no peer that did not sign for the account, however it is dressed up', async () => {
    const victim = identityOf(1);
    const attacker = await marketOf(3);
    const { address } = attacker.chain;
    const ofVictim = signBinding(accountPlace(attacker, (await marketOf(1)).chain.address), victim.secretKey);
    const ofOther = signBinding(accountPlace(attacker, address), identityOf(9).secretKey);
    for (const signature of [bytesToHex(ofVictim), bytesToHex(ofOther), zeros + zeros, 'f'.repeat(128)]) {
      await registerRaw(attacker, { peerKey: victim.publicKey, signature, capabilities: zeros });
      const { nodes, untied } = await list();
      expect(nodes.map(({ account }) => account)).not.toContain(address);
      expect(untied).toBe(1);
    }
    // A key of small order, under which laxer rules take a signature of nothing.
    await registerRaw(attacker, {
      peerKey: `01${'0'.repeat(62)}`,
      signature: zeros + zeros,
      capabilities: zeros,
    });
    expect((await list()).untied).toBe(1);
    await removeNode(attacker);
    expect((await list()).untied).toBe(0);
  });

  it('hides nothing of others where its capabilities cannot be read', async () => {
    const odd = await marketOf(4);
    const identity = identityOf(4);
    const signature = bytesToHex(signBinding(accountPlace(odd, odd.chain.address), identity.secretKey));
    await registerRaw(odd, { peerKey: identity.publicKey, signature, capabilities: 'f'.repeat(64) });
    const { nodes } = await list();
    expect(nodes).toHaveLength(2);
    expect(nodes[0]).toMatchObject({
      peerId: identity.peerId,
      problem: expect.stringContaining('of version 255'),
    });
    expect(nodes[1]).toMatchObject({ peerId: identityOf(1).peerId });
  });
});
