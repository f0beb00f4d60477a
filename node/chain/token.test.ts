import { type Address, formatEther, getAddress, parseAbi } from 'viem';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compile } from '../../contracts/compile.ts';
import { earningsOf } from './earnings.ts';
import type { JobChoices } from './job.ts';
import type { Market } from './market.ts';
import { ForwardingEndpoint, rpcError } from './testing/forwarding-endpoint.ts';
import { escrowOf, RealMarket, usualOffer } from './testing/real-market.ts';

const names = ['PlainToken', 'FeeToken', 'FalseToken', 'DenyingToken', 'SilentToken'] as const;
const abi = parseAbi([
  'function mint(address to, uint256 amount)',
  'function balanceOf(address account) view returns (uint256)',
  'function allowance(address owner, address spender) view returns (uint256)',
  'function approve(address spender, uint256 amount)',
  'event Approval(address indexed owner, address indexed spender, uint256 value)',
]);

let real: RealMarket;
let requester: Market;
let worker: Market;
let tokens: Record<(typeof names)[number], Address>;

beforeAll(async () => {
  real = await RealMarket.open();
  [requester, worker] = await Promise.all([real.marketOf(1), real.marketOf(2)]);
  await worker.deposit(10n ** 18n);
  const { contracts } = compile(names.map((name) => `test/Tokens:${name}` as const));
  const deployed: [string, Address][] = [];
  for (const name of names)
    deployed.push([name, getAddress((await real.anvil.deploy(contracts[`test/Tokens:${name}`])).address)]);
  tokens = Object.fromEntries(deployed) as typeof tokens;
});

afterAll(() => real?.close());

const choices = (token: Address): Partial<JobChoices> => ({ token: token.slice(2).toLowerCase() });

async function mint(token: Address, amount: bigint): Promise<void> {
  const request = {
    address: token,
    abi,
    functionName: 'mint',
    args: [requester.chain.address, amount],
  } as const;
  await requester.chain.write({ ...request, action: 'Minting' });
}

const balanceOf = (token: Address, account: Address) =>
  requester.chain.read({ address: token, abi, functionName: 'balanceOf', args: [account] });

const sent = () => real.client.getTransactionCount({ address: requester.chain.address });

const allowance = (token: Address) =>
  requester.chain.read({
    ...{ address: token, abi, functionName: 'allowance' },
    args: [requester.chain.address, requester.addresses.market],
  });

describe('a job that pays in a token', () => {
  it.each(['PlainToken', 'SilentToken'] as const)(
    'is posted, claimed, proven and paid in it: %s',
    async (name) => {
      const token = tokens[name];
      const { reward } = usualOffer;
      await mint(token, 5n * reward);
      const job = await real.post(requester, choices(token));
      expect(await allowance(token)).toBe(0n);
      expect(await balanceOf(token, requester.chain.address)).toBe(5n * reward - escrowOf(job));

      await worker.claim(job, 0);
      // A bond is of the chain's coin, whatever the job pays in.
      expect((await worker.stake(worker.chain.address)).locked).toBe(usualOffer.bond);
      await worker.prove(job, 0, await real.prove(worker, job, 0));
      await requester.close(job);
      for (const market of [worker, requester]) {
        const { address } = market.chain;
        const before = await balanceOf(token, address);
        expect(await market.owed(address, token)).toBe(reward);
        await market.withdraw(token, address);
        expect((await balanceOf(token, address)) - before).toBe(reward);
      }
      expect(await balanceOf(token, requester.addresses.market)).toBe(0n);
      const earned = await earningsOf(worker, worker.chain.address, real.deployed.since);
      expect(earned.withdrawn).toMatchObject({ [token]: reward });
    },
  );

  it('changes an allowance that is too low', async () => {
    const token = tokens.SilentToken;
    const { market } = requester.addresses;
    await mint(token, 10n * usualOffer.reward);
    const approval = { address: token, abi, functionName: 'approve', args: [market, 1n] } as const;
    await requester.chain.write({ ...approval, action: 'Allowing' });
    const job = await real.post(requester, choices(token));
    expect((await requester.job(requester.idOf(job.terms))).available).toBe(escrowOf(job));
  });
});

describe('before a job is posted', () => {
  it('its cost is told, of the allowance and of the posting, and nothing is sent', async () => {
    const { reward } = usualOffer;
    await mint(tokens.PlainToken, 5n * reward);
    const job = await real.jobFor(requester.chain.address, choices(tokens.PlainToken));
    const before = await sent();
    const [approval, posting, ...others] = await requester.postingCosts(job, escrowOf(job));
    expect(others).toEqual([]);
    expect(approval?.action).toBe(`Allowing the market 0.2 PLN of token ${tokens.PlainToken.toLowerCase()}`);
    expect(await sent()).toBe(before);
    const { gasUsed } = await requester.post(job, escrowOf(job));
    expect(await sent()).toBe(before + 2);
    expect(Number(posting?.gas) / Number(gasUsed)).toBeCloseTo(1, 1);
  });

  it('the market is allowed just the escrow, in a transaction of its own', async () => {
    await mint(tokens.PlainToken, 5n * usualOffer.reward);
    const job = await real.post(requester, choices(tokens.PlainToken));
    const logs = await real.client.getContractEvents({
      ...{ address: tokens.PlainToken, abi, eventName: 'Approval', fromBlock: 'earliest' },
    });
    expect(logs.at(-1)?.args).toMatchObject({ spender: requester.addresses.market, value: escrowOf(job) });
    expect(await allowance(tokens.PlainToken)).toBe(0n);
  });
});

describe('through endpoints that cannot rehearse', () => {
  let endpoint: ForwardingEndpoint;
  let limited: Market;

  beforeAll(async () => {
    endpoint = await ForwardingEndpoint.start(real.anvil.url, (request) =>
      request.method === 'eth_simulateV1' ? rpcError(request, -32_601, 'there is no such method') : undefined,
    );
    limited = await real.marketOf(1, { url: endpoint.url });
  });
  afterAll(() => endpoint?.close());

  it('a job is posted all the same, and its cost told as far as it is known', async () => {
    await mint(tokens.SilentToken, 5n * usualOffer.reward);
    const job = await real.jobFor(limited.chain.address, choices(tokens.SilentToken));
    expect(await limited.postingCosts(job, escrowOf(job))).toHaveLength(1);
    await limited.post(job, escrowOf(job));
    expect((await limited.job(limited.idOf(job.terms))).available).toBe(escrowOf(job));
  });

  it('a token that does not do what it is told is found out before the job is posted', async () => {
    await expect(real.post(limited, choices(tokens.DenyingToken))).rejects.toMatchObject({
      code: 'CHAIN_REFUSED',
      message: expect.stringContaining('allows the market 0 after it was told to allow'),
    });
  });
});

describe('a job is not posted, and nothing is sent', () => {
  let before: number;
  beforeEach(async () => {
    await mint(tokens.FeeToken, 5n * usualOffer.reward);
    before = await sent();
  });
  afterEach(async () => expect(await sent()).toBe(before));

  it('with a token that takes a fee', async () => {
    await expect(real.post(requester, choices(tokens.FeeToken))).rejects.toMatchObject({
      code: 'CHAIN_REFUSED',
      message: expect.stringContaining('it takes a fee'),
      remedy: 'Pay in another token.',
      details: { error: 'TransferMismatch' },
    });
  });

  it('with a token that says false where it should pay, or where it should allow', async () => {
    await expect(real.post(requester, choices(tokens.FalseToken))).rejects.toMatchObject({
      code: 'CHAIN_REFUSED',
      message: expect.stringContaining('refused a transfer'),
      details: { error: 'SafeERC20FailedOperation' },
    });
    await expect(real.post(requester, choices(tokens.DenyingToken))).rejects.toMatchObject({
      code: 'CHAIN_REFUSED',
      details: { error: 'SafeERC20FailedOperation' },
    });
  });

  it('with more of a token than the account has, or with what is no token', async () => {
    const has = await balanceOf(tokens.PlainToken, requester.chain.address);
    const greedy = { ...usualOffer, reward: has + 1n };
    await expect(real.post(requester, choices(tokens.PlainToken), greedy)).rejects.toMatchObject({
      code: 'CHAIN_REFUSED',
      message: expect.stringContaining(
        `has ${formatEther(has)} PLN of token ${tokens.PlainToken.toLowerCase()}`,
      ),
    });
    const nobody = `0x${'9'.repeat(40)}` as const;
    await expect(real.post(requester, choices(nobody))).rejects.toMatchObject({
      code: 'CHAIN_FAILED',
      message: expect.stringContaining('balanceOf'),
    });
  });
});
