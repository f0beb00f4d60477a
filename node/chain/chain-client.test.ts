import { toFunctionSelector } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Anvil, anvilAccount, startAnvil } from '../../contracts/testing/anvil.ts';
import { nodeRegistryAbi } from './abi.ts';
import { Chain } from './chain-client.ts';
import { ForwardingEndpoint, rpcError } from './testing/forwarding-endpoint.ts';

let anvil: Anvil;
let other: Anvil;
let endpoints: ForwardingEndpoint[] = [];

beforeAll(async () => {
  [anvil, other] = await Promise.all([startAnvil(), startAnvil(['--chain-id', '4242'])]);
});

afterAll(async () => {
  await Promise.all(endpoints.map((endpoint) => endpoint.close()));
  anvil?.close();
  other?.close();
});

async function proxy(...args: Parameters<typeof ForwardingEndpoint.start>): Promise<ForwardingEndpoint> {
  const endpoint = await ForwardingEndpoint.start(...args);
  endpoints = [...endpoints, endpoint];
  return endpoint;
}

const nowhere = 'http://127.0.0.1:9';
const block = ({ client }: Chain) => client.getBlockNumber({ cacheTime: 0 });
const asked = (endpoint: ForwardingEndpoint) => endpoint.asked.get('eth_blockNumber') ?? 0;

describe('several endpoints', () => {
  it('are asked in their order, and the next when one is dead, fails or limits requests', async () => {
    const dead = await proxy(anvil.url);
    const limiting = await proxy(anvil.url, ({ method }) =>
      method === 'eth_chainId' ? undefined : { status: 429, body: { error: 'slow down' } },
    );
    const failing = await proxy(anvil.url, (request) =>
      request.method === 'eth_chainId' ? undefined : rpcError(request, -32_603, 'internal error'),
    );
    const good = await proxy(anvil.url);
    const urls = [dead, limiting, failing, good].map(({ url }) => url);
    const chain = await Chain.connect({ urls });
    await block(chain);
    expect([dead, limiting, failing, good].map(asked)).toEqual([1, 0, 0, 0]);
    await dead.close();
    await block(chain);
    expect([dead, limiting, failing, good].map(asked)).toEqual([1, 1, 1, 1]);
  });

  it('must all be of one chain', async () => {
    await expect(Chain.connect({ urls: [anvil.url, other.url] })).rejects.toMatchObject({
      code: 'CHAIN_FAILED',
      message: `${other.url} is of chain 4242, not 31337`,
      details: { url: other.url, found: 4242, expected: 31_337 },
    });
    await expect(Chain.connect({ urls: [anvil.url, nowhere], chainId: 1 })).rejects.toMatchObject({
      code: 'CHAIN_FAILED',
      message: expect.stringContaining('is of chain 31337, not 1'),
    });
  });

  it('are passed over when they turn out to be of another chain once they are up', async () => {
    const late = await proxy(other.url);
    await late.close();
    const chain = await Chain.connect({ urls: [late.url, anvil.url] });
    await late.restart(0);
    await other.client(0).mine({ blocks: 3 });
    expect(await block(chain)).toBe(0n);
    expect([late.asked.get('eth_chainId'), asked(late)]).toEqual([1, 0]);
  });
});

describe('one endpoint', () => {
  it('that limits requests is asked again after a while', async () => {
    let refusals = 4;
    const limiting = await proxy(anvil.url, () =>
      refusals-- > 0
        ? { status: 429, headers: { 'retry-after': '0' }, body: { error: 'slow down' } }
        : undefined,
    );
    expect(await block(await Chain.connect({ urls: [limiting.url] }))).toBe(0n);
    expect(refusals).toBeLessThan(0);
  });

  it('that is restarted is waited for', async () => {
    const endpoint = await proxy(anvil.url);
    const chain = await Chain.connect({ urls: [endpoint.url] });
    const restarted = endpoint.restart(1_000);
    expect(await block(chain)).toBe(0n);
    await restarted;
  });

  it('that was down is connected to when it is up', async () => {
    const endpoint = await proxy(anvil.url);
    const restarted = endpoint.restart(1_000);
    expect((await Chain.connect({ urls: [endpoint.url] })).network.name).toBe('embedded');
    await restarted;
  });
});

describe('a write', () => {
  const registry = `0x${'7'.repeat(40)}` as const;
  /** Fails with AmountZero(), whatever is called. */
  const refusing = `0x63${toFunctionSelector('AmountZero()').slice(2)}60e01b60005260046000fd` as const;
  const unbonding = {
    address: registry,
    abi: nodeRegistryAbi,
    functionName: 'unbond',
    args: [registry, 1n],
    action: 'Taking out stake',
  } as const;

  it('that a simulation says will revert is not sent', async () => {
    const endpoint = await proxy(anvil.url);
    await anvil.client(0).setCode({ address: registry, bytecode: refusing });
    const chain = await Chain.connect({ urls: [endpoint.url], account: anvilAccount(1) });
    await expect(chain.write(unbonding)).rejects.toMatchObject({
      code: 'CHAIN_REFUSED',
      message: expect.stringMatching(/^Taking out stake: /),
      details: { error: 'AmountZero' },
    });
    expect(endpoint.asked.get('eth_sendRawTransaction')).toBeUndefined();
  });

  it('that another transaction made impossible between its simulation and its estimate is not sent', async () => {
    const client = anvil.client(0);
    await client.setCode({ address: registry, bytecode: '0x00' });
    const endpoint = await proxy(anvil.url, async ({ method }) => {
      if (method === 'eth_estimateGas') await client.setCode({ address: registry, bytecode: refusing });
      return undefined;
    });
    const chain = await Chain.connect({ urls: [endpoint.url], account: anvilAccount(1) });
    await expect(chain.write(unbonding)).rejects.toMatchObject({ details: { error: 'AmountZero' } });
    expect(endpoint.asked.get('eth_estimateGas')).toBe(1);
    expect(endpoint.asked.get('eth_sendRawTransaction')).toBeUndefined();
  });

  it('that another transaction in the same block made impossible says so', async () => {
    const client = anvil.client(0);
    await client.setCode({ address: registry, bytecode: '0x00' });
    await client.setAutomine(false);
    const endpoint = await proxy(anvil.url, async ({ method }, forward) => {
      if (method !== 'eth_sendRawTransaction') return undefined;
      const body = await forward();
      await client.setCode({ address: registry, bytecode: refusing });
      await client.setAutomine(true);
      await client.mine({ blocks: 1 });
      return { body };
    });
    const chain = await Chain.connect({ urls: [endpoint.url], account: anvilAccount(1) });
    await expect(chain.write(unbonding)).rejects.toMatchObject({ details: { error: 'AmountZero' } });
    expect(endpoint.asked.get('eth_sendRawTransaction')).toBe(1);
  });

  it('needs an account', async () => {
    const chain = await Chain.connect({ urls: [anvil.url] });
    await expect(chain.write(unbonding)).rejects.toMatchObject({
      code: 'USAGE',
      remedy: expect.stringContaining('--keystore'),
    });
  });
});
