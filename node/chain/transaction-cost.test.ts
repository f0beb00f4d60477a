import {
  type Address,
  encodeFunctionData,
  type Hex,
  hexToBytes,
  numberToHex,
  padHex,
  parseAbi,
  toFunctionSelector,
} from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Anvil, anvilAccount, startAnvil } from '../../contracts/testing/anvil.ts';
import { Chain } from './chain-client.ts';
import { arbitrumDataFee, scrollDataFee } from './data-cost.ts';
import { kilobyteFee, readDataPrices } from './data-prices.ts';
import { knownNetworks } from './network.ts';
import { costOf, readPrices } from './transaction-cost.ts';

/** Answers each call with what its storage has at the call's selector. */
const lookup: Hex = '0x5f3560e01c545f5260205ff3';

const gwei = 1_000_000_000n;
const scrollPrices = {
  ...{ l1BaseFee: 3n * gwei, l1BlobBaseFee: 5n, execScalar: gwei / 10n, blobScalar: 2n * gwei },
  ...{ penaltyThreshold: 2n * gwei, penaltyFactor: 3n * gwei },
};

/** Blocks come with transactions only, so none would have a layer 2's confirmations. */
const pace = { confirmations: 1, pollInterval: 20 };

let anvils: Anvil[] = [];

/** A chain with a layer 2's id, and its oracle's answers where that network has it. */
async function chainOf(chainId: number, oracle: Address, answers: Record<string, bigint>): Promise<Chain> {
  const anvil = await startAnvil(['--chain-id', String(chainId)]);
  anvils.push(anvil);
  const client = anvil.client(0);
  await client.setCode({ address: oracle, bytecode: lookup });
  for (const [name, value] of Object.entries(answers)) {
    const index = padHex(toFunctionSelector(`function ${name}()`), { size: 32 });
    await client.setStorageAt({ address: oracle, index, value: padHex(numberToHex(value), { size: 32 }) });
  }
  return Chain.connect({ urls: [anvil.url], account: anvilAccount(0), pace });
}

const abi = parseAbi(['function call(bytes data)']);
const bytes: Hex = `0x${Buffer.from(Array.from({ length: 2_000 }, (_, index) => (index * index * 7919) >> 5)).toString('hex')}`;
/** To an account without code, which takes any call. */
const request = {
  address: '0x8888888888888888888888888888888888888888',
  abi,
  functionName: 'call',
  args: [bytes],
  action: 'Sending bytes',
} as const;
const calldata = hexToBytes(encodeFunctionData({ ...request }));

let arbitrum: Chain;
let scroll: Chain;
let plain: Chain;

beforeAll(async () => {
  arbitrum = await chainOf(42_161, '0x000000000000000000000000000000000000006C', {
    getL1BaseFeeEstimate: 7n * gwei,
  });
  const { execScalar, ...others } = scrollPrices;
  const oracle = '0x5300000000000000000000000000000000000002';
  scroll = await chainOf(534_352, oracle, { ...others, commitScalar: execScalar });
  plain = await chainOf(31_337, oracle, {});
});

afterAll(() => {
  for (const anvil of anvils) anvil.close();
  anvils = [];
});

describe('the price of data', () => {
  it('is asked of the network’s own contract', async () => {
    expect(await readDataPrices(arbitrum)).toEqual({ kind: 'arbitrum', weiPerUnit: 7n * gwei });
    expect(await readDataPrices(scroll)).toEqual({ kind: 'scroll', ...scrollPrices });
    expect(await readDataPrices(plain)).toBeUndefined();
  });

  it('is known of every layer 2 that is built in', () => {
    const kinds = knownNetworks.map(({ name, dataPricing }) => [name, dataPricing?.kind]);
    expect(kinds).toEqual([
      ['embedded', undefined],
      ['Arbitrum One', 'arbitrum'],
      ['Arbitrum Sepolia', 'arbitrum'],
      ['Scroll', 'scroll'],
      ['Scroll Sepolia', 'scroll'],
    ]);
  });

  it('of a kilobyte is that of bytes which do not compress', () => {
    const fee = kilobyteFee({ kind: 'arbitrum', weiPerUnit: 1n });
    expect(fee).toBeGreaterThanOrEqual(16n * 1_000n);
    expect(fee).toBeLessThan(16n * 1_020n);
    expect(kilobyteFee({ kind: 'scroll', ...scrollPrices })).toBe(3n * 1_000n * 300_000_010n);
  });

  it('cannot be had from a chain that has no such contract', async () => {
    const anvil = await startAnvil(['--chain-id', '42161']);
    anvils.push(anvil);
    const bare = await Chain.connect({ urls: [anvil.url] });
    await expect(readPrices(bare)).rejects.toMatchObject({ code: 'CHAIN_FAILED' });
  });
});

describe('what a transaction is expected to cost', () => {
  it('is its gas where data cost nothing beside', async () => {
    const prices = await readPrices(plain);
    const cost = await costOf(plain, request, prices);
    const receipt = await plain.write(request);
    expect(cost).toEqual({
      action: 'Sending bytes',
      gas: receipt.gasUsed,
      executionFee: receipt.gasUsed * prices.gas,
      dataFee: 0n,
    });
  });

  it('has Scroll’s fee for the data beside, penalised as proofs are', async () => {
    const { dataFee } = await costOf(scroll, request, await readPrices(scroll));
    const sent = await sentBytes(scroll);
    const exact = scrollDataFee(sent, calldata, scrollPrices);
    expect(Number(dataFee) / Number(exact)).toBeCloseTo(1, 1);
  });

  it('has Arbitrum’s fee for the data, which its gas then does not count again', async () => {
    const prices = await readPrices(arbitrum);
    const { gas, dataFee } = await costOf(arbitrum, request, prices);
    const exact = arbitrumDataFee(await sentBytes(arbitrum), 7n * gwei);
    expect(Number(dataFee) / Number(exact)).toBeCloseTo(1, 1);
    // This chain's estimate has no data in it, so the least gas there is remains.
    expect(gas).toBe(21_000n);
    expect((await costOf(arbitrum, request, prices, 50_000n)).gas).toBe(50_000n);
  });
});

/** The call's transaction as it was sent. */
async function sentBytes(chain: Chain): Promise<Uint8Array> {
  const { transactionHash } = await chain.write(request);
  const raw = await chain.client.request({
    method: 'eth_getRawTransactionByHash' as never,
    params: [transactionHash] as never,
  });
  return hexToBytes(raw as Hex);
}
