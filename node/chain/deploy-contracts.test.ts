import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getAddress } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment } from '../../contracts/deploy.ts';
import { type Anvil, anvilAccount, startAnvil } from '../../contracts/testing/anvil.ts';
import { Chain } from './chain-client.ts';
import { deployContracts } from './deploy-contracts.ts';
import { ForwardingEndpoint } from './testing/forwarding-endpoint.ts';

let anvil: Anvil;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-deploy-'));
  anvil = await startAnvil();
});

afterAll(async () => {
  anvil?.close();
  await rm(directory, { recursive: true, force: true });
});

const deployer = anvilAccount(0);
/** How soon a transaction is taken for stuck: soon enough to see it, and seven times this is long enough to act. */
const impatient = { patience: 3_000, pollInterval: 20 };
const patient = { patience: 120_000, pollInterval: 20 };

/** The creation in the pool, of which there is at most one at a time. */
async function pending() {
  const { pending } = await anvil.client(1).getTxpoolContent();
  const found = Object.entries(pending).find(
    ([account]) => account.toLowerCase() === deployer.address.toLowerCase(),
  );
  return Object.values(found?.[1] ?? {})[0];
}

async function expectContracts({ contracts }: Deployment): Promise<void> {
  for (const { address } of Object.values(contracts)) {
    expect((await anvil.client(1).getCode({ address }))?.length).toBeGreaterThan(2);
  }
}

describe('deploying the contracts', () => {
  it('raises the fees of a transaction that is stuck, and goes on when blocks come again', async () => {
    const client = anvil.client(1);
    await client.setAutomine(false);
    const chain = await Chain.connect({ urls: [anvil.url], account: deployer, pace: impatient });
    const path = join(directory, 'stalled.json');
    const created: string[] = [];
    const deploying = deployContracts({ chain, path, onProgress: ({ name }) => created.push(name) });
    await expect.poll(pending).toBeDefined();
    const first = await pending();
    await expect.poll(async () => (await pending())?.hash).not.toBe(first?.hash);
    const raised = await pending();
    expect(raised?.nonce).toBe(first?.nonce);
    expect(BigInt(raised?.maxFeePerGas ?? 0)).toBeGreaterThan(BigInt(first?.maxFeePerGas ?? 0));
    expect(created).toEqual([]);

    await client.setAutomine(true);
    await client.mine({ blocks: 1 });
    const { deployment } = await deploying;
    await expectContracts(deployment);
    expect(await client.getTransactionCount({ address: deployer.address })).toBe(created.length);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(deployment);
  });

  it('goes on by another endpoint when one dies', async () => {
    const dying = await ForwardingEndpoint.start(anvil.url);
    const chain = await Chain.connect({ urls: [dying.url, anvil.url], account: deployer, pace: patient });
    let closed: Promise<void> | undefined;
    const { deployment } = await deployContracts({
      chain,
      path: join(directory, 'endpoints.json'),
      onProgress: () => {
        closed ??= dying.close();
      },
    });
    await closed;
    expect(dying.asked.get('eth_sendRawTransaction')).toBe(1);
    await expectContracts(deployment);
  });

  it('leaves the record of a market that stands, and replaces that of one that is gone', async () => {
    const chain = await Chain.connect({ urls: [anvil.url], account: deployer, pace: patient });
    const path = join(directory, 'again.json');
    const { deployment } = await deployContracts({ chain, path });
    const market = getAddress(deployment.contracts.Market.address);
    const sent = await anvil.client(1).getTransactionCount({ address: deployer.address });
    await expect(deployContracts({ chain, path })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(`stands already at ${market}`),
      remedy: expect.stringContaining('--deployment'),
    });
    const elsewhere = join(directory, 'elsewhere.json');
    await writeFile(elsewhere, JSON.stringify({ ...deployment, chainId: 1 }));
    const notes = join(directory, 'notes.txt');
    await writeFile(notes, 'mine');
    for (const other of [elsewhere, notes]) {
      await expect(deployContracts({ chain, path: other })).rejects.toMatchObject({ code: 'USAGE' });
    }
    expect(await anvil.client(1).getTransactionCount({ address: deployer.address })).toBe(sent);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(deployment);

    await anvil.client(1).setCode({ address: market, bytecode: '0x' });
    const { deployment: next } = await deployContracts({ chain, path });
    expect(getAddress(next.contracts.Market.address)).not.toBe(market);
  });

  it('needs an account, and writes nothing without', async () => {
    const chain = await Chain.connect({ urls: [anvil.url] });
    const path = join(directory, 'nobody.json');
    await expect(deployContracts({ chain, path })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
