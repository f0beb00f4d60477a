import { parseEther, parseGwei } from 'viem';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Anvil, type AnvilClient, anvilAccount, startAnvil } from '../../contracts/testing/anvil.ts';
import { Chain, type ChainInit } from './chain-client.ts';
import { type Call, TransactionSender } from './sender.ts';

const sink = `0x${'5'.repeat(40)}` as const;
const gift: Call = { to: sink, data: '0x', value: 1n };
const nothing = async () => undefined;

/** Patience for tests in which no transaction is meant to be stuck. */
const patient = { patience: 60_000, pollInterval: 20 };
/** For those in which it is: long enough that a test can act before the fees are raised again. */
const impatient = { patience: 2_000, pollInterval: 20 };

let anvil: Anvil;
let client: AnvilClient;

beforeAll(async () => {
  anvil = await startAnvil();
  client = anvil.client(9);
});

afterAll(() => anvil?.close());

afterEach(async () => {
  await client.setAutomine(true);
  await client.request({ method: 'anvil_dropAllTransactions' as never });
});

async function senderOf(
  account: number,
  pace: NonNullable<ChainInit['pace']> = patient,
): Promise<TransactionSender> {
  const owner = anvilAccount(account);
  const chain = await Chain.connect({ urls: [anvil.url], account: owner, pace });
  return new TransactionSender({ client: chain.client, account: owner, network: chain.network });
}

const mined = ({ address }: TransactionSender) => client.getTransactionCount({ address });

/** What the pool holds of an account: one transaction for each nonce. */
async function pending({ address }: TransactionSender) {
  const { pending } = await client.getTxpoolContent();
  const found = Object.entries(pending).find(([account]) => account.toLowerCase() === address.toLowerCase());
  return Object.values(found?.[1] ?? {});
}

/** The one transaction of an account that waits for a block, as soon as there is one. */
async function pendingOne(sender: TransactionSender) {
  let found = await pending(sender);
  while (found.length !== 1) found = await pending(sender);
  return found[0] as (typeof found)[number];
}

describe('transactions of one account', () => {
  it('have a nonce each, though they are sent at once, by two programs at once too', async () => {
    const senders = [await senderOf(0), await senderOf(0)];
    const before = await mined(senders[0] as TransactionSender);
    const receipts = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        (senders[i % 2] as TransactionSender).send({ ...gift, value: BigInt(i) }, nothing),
      ),
    );
    expect(new Set(receipts.map(({ transactionHash }) => transactionHash)).size).toBe(12);
    expect(receipts.map(({ status }) => status)).toEqual(Array(12).fill('success'));
    expect(await mined(senders[0] as TransactionSender)).toBe(before + 12);
  });

  it('are not sent when the call would fail', async () => {
    const sender = await senderOf(1);
    await expect(sender.send(gift, () => Promise.reject(new Error('it would revert')))).rejects.toThrow(
      'it would revert',
    );
    expect([await mined(sender), await pending(sender)]).toEqual([0, []]);
  });

  it('have a quarter more gas than they are estimated to take', async () => {
    const { transactionHash } = await (await senderOf(1)).send(gift, nothing);
    expect((await client.getTransaction({ hash: transactionHash })).gas).toBe(26_250n);
  });

  it('end with what to do when the account cannot pay', async () => {
    const sender = await senderOf(1);
    await expect(sender.send({ ...gift, value: parseEther('1000000') }, nothing)).rejects.toThrow(
      /exceeds|insufficient/i,
    );
    expect(await pending(sender)).toEqual([]);
  });
});

describe('a stuck transaction', () => {
  it('is sent again under its nonce, for more', async () => {
    await client.setAutomine(false);
    const sender = await senderOf(2, impatient);
    const sending = sender.send(gift, nothing);
    const first = await pendingOne(sender);
    await expect.poll(async () => (await pendingOne(sender)).hash).not.toBe(first.hash);
    await client.setAutomine(true);
    await client.mine({ blocks: 1 });
    const { transactionHash } = await sending;
    const last = await client.getTransaction({ hash: transactionHash });
    expect(last.nonce).toBe(Number(first.nonce));
    expect(last.maxFeePerGas).toBeGreaterThan(BigInt(first.maxFeePerGas ?? 0));
    expect(await mined(sender)).toBe(1);
  });

  it('that the network forgot is sent again', async () => {
    await client.setAutomine(false);
    const sender = await senderOf(3, impatient);
    const sending = sender.send(gift, nothing);
    await client.dropTransaction({ hash: (await pendingOne(sender)).hash });
    await pendingOne(sender);
    await client.setAutomine(true);
    await client.mine({ blocks: 1 });
    expect((await sending).status).toBe('success');
    expect(await mined(sender)).toBe(1);
  });

  it('of a program that ended gives its place to the next call, whatever it pays', async () => {
    await client.setAutomine(false);
    const sender = await senderOf(4, impatient);
    const hash = await anvil.client(4).sendTransaction({
      to: sink,
      value: 7n,
      maxFeePerGas: parseGwei('9'),
      maxPriorityFeePerGas: parseGwei('5'),
    });
    const sending = sender.send(gift, nothing);
    await expect.poll(async () => (await pendingOne(sender)).hash).not.toBe(hash);
    await client.setAutomine(true);
    await client.mine({ blocks: 1 });
    const { transactionHash } = await sending;
    expect((await client.getTransaction({ hash: transactionHash })).value).toBe(1n);
    expect(await mined(sender)).toBe(1);
  });

  it('is given up after seven attempts, with what to do', async () => {
    await client.setAutomine(false);
    const sender = await senderOf(5, { patience: 30, pollInterval: 10 });
    await expect(sender.send(gift, nothing)).rejects.toMatchObject({
      code: 'CHAIN_FAILED',
      message: expect.stringContaining('stays out of every block'),
      remedy: expect.stringContaining('again'),
      details: { nonce: 0, transactions: expect.objectContaining({ length: 7 }) },
    });
  });

  it('is waited for no longer than the user wants', async () => {
    await client.setAutomine(false);
    const sender = await senderOf(6);
    const controller = new AbortController();
    const sending = sender.send(gift, nothing, { signal: controller.signal });
    await pendingOne(sender);
    controller.abort();
    await expect(sending).rejects.toMatchObject({ name: expect.stringMatching(/Abort|TesseraError/) });
  });
});

describe('a transaction in a block', () => {
  it('counts once its confirmations stand on it', async () => {
    const sender = await senderOf(7, { ...patient, confirmations: 3 });
    let receipt: { blockNumber: bigint } | undefined;
    const sending = sender.send(gift, nothing).then((found) => {
      receipt = found;
    });
    await expect.poll(() => mined(sender)).toBe(1);
    await client.mine({ blocks: 1 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(receipt).toBeUndefined();
    await client.mine({ blocks: 1 });
    await sending;
    expect((await client.getBlockNumber({ cacheTime: 0 })) - (receipt?.blockNumber ?? 0n)).toBe(2n);
  });

  it('that a reorganisation takes out is sent again, and its new block counts', async () => {
    const sender = await senderOf(8, { ...patient, confirmations: 2 });
    const sending = sender.send(gift, nothing);
    await expect.poll(() => mined(sender)).toBe(1);
    const before = await client.getBlock();
    await client.request({ method: 'anvil_reorg' as never, params: [1, []] as never });
    expect((await client.getBlock()).hash).not.toBe(before.hash);
    await expect.poll(() => mined(sender)).toBe(1);
    await client.mine({ blocks: 1 });
    const receipt = await sending;
    expect(receipt.blockHash).not.toBe(before.hash);
    expect(await mined(sender)).toBe(1);
  });
});
