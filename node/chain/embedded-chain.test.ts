import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTestClient, http, publicActions } from 'viem';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { firstLine } from '../../tests/support/child-processes.ts';
import { isRunning } from '../../tests/support/process-state.ts';
import { instanceAt } from './anvil.ts';
import { openEmbeddedChain } from './embedded-chain.ts';
import { chainFiles, type Endpoint } from './keeper-protocol.ts';

const program = fileURLToPath(new URL('./testing/chain-user.ts', import.meta.url));

let directory: string;
let users: ChildProcess[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-embedded-'));
});

afterEach(async () => {
  for (const user of users) user.kill('SIGKILL');
  users = [];
  await expect.poll(running).toEqual([]);
  await rm(directory, { recursive: true, force: true });
});

async function endpoint(): Promise<Endpoint> {
  return JSON.parse(await readFile(chainFiles(directory).endpoint, 'utf8')) as Endpoint;
}

/** Processes of the chain that was started last and still run. */
async function running(): Promise<number[]> {
  const { keeper, anvil } = await endpoint().catch(() => ({ keeper: 0, anvil: 0 }));
  return [keeper, anvil].filter(isRunning);
}

/** Another process that uses the chain. */
async function user(): Promise<{ child: ChildProcess; url: string; leave(): Promise<void> }> {
  const child = spawn(process.execPath, [program, directory], { stdio: ['pipe', 'pipe', 'inherit'] });
  users.push(child);
  return {
    child,
    url: await firstLine(child),
    async leave() {
      child.stdin.write('leave\n');
      await once(child, 'exit');
    },
  };
}

const clientOf = (url: string) =>
  createTestClient({ mode: 'anvil', transport: http(url, { retryCount: 0, timeout: 60_000 }) }).extend(
    publicActions,
  );
const block = (url: string) => clientOf(url).getBlockNumber({ cacheTime: 0 });

it('keeps its state in its directory, and no process', async () => {
  const first = await openEmbeddedChain(directory);
  await clientOf(first.url).mine({ blocks: 3 });
  expect(await running()).toHaveLength(2);
  await first.close();
  await expect.poll(running).toEqual([]);
  const second = await openEmbeddedChain(directory);
  expect(await block(second.url)).toBe(3n);
  await second.close();
});

it('is one for all that use it at once, until the last one leaves', async () => {
  const opened = await Promise.all([
    openEmbeddedChain(directory),
    openEmbeddedChain(directory),
    user(),
    user(),
  ]);
  const [first, second, third, fourth] = opened;
  expect(new Set(opened.map(({ url }) => url)).size).toBe(1);
  // Whoever started it, the others go on.
  await first.close();
  await third.leave();
  expect(await block(second.url)).toBe(0n);
  await second.close();
  expect(await block(fourth.url)).toBe(0n);
  await fourth.leave();
  await expect.poll(running).toEqual([]);
});

it('ends when all that use it are killed, and its state is there', async () => {
  const killed = await Promise.all([user(), user()]);
  const { url } = killed[0];
  await clientOf(url).mine({ blocks: 2 });
  for (const { child } of killed) child.kill('SIGKILL');
  await expect.poll(running).toEqual([]);
  const chain = await openEmbeddedChain(directory);
  expect(await block(chain.url)).toBe(2n);
  await chain.close();
});

it('is cleared away, with its state, when what kept it was killed', async () => {
  const { child, url } = await user();
  await clientOf(url).mine({ blocks: 4 });
  const { keeper, anvil } = await endpoint();
  process.kill(keeper, 'SIGKILL');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isRunning(anvil)).toBe(true);
  const chain = await openEmbeddedChain(directory);
  await expect.poll(() => isRunning(anvil)).toBe(false);
  expect(await block(chain.url)).toBe(4n);
  await chain.close();
});

it('is ended by who uses it when what kept it was killed', async () => {
  const chain = await openEmbeddedChain(directory);
  process.kill((await endpoint()).keeper, 'SIGKILL');
  await expect.poll(running).toHaveLength(1);
  await chain.close();
  await expect.poll(running).toEqual([]);
});

it('is ended by who leaves before it hears that what kept it was killed', async () => {
  const chain = await openEmbeddedChain(directory);
  process.kill((await endpoint()).keeper, 'SIGKILL');
  await chain.close();
  await expect.poll(running).toEqual([]);
});

it('starts though another program has the ports that an earlier one had', async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'tessera-embedded-'));
  const other = await openEmbeddedChain(elsewhere);
  const left = JSON.parse(await readFile(chainFiles(elsewhere).endpoint, 'utf8')) as Endpoint;
  const stale = { ...left, id: crypto.randomUUID(), instance: `0x${'0'.repeat(64)}` };
  await writeFile(chainFiles(directory).endpoint, JSON.stringify(stale));
  const chain = await openEmbeddedChain(directory);
  expect(chain.url).not.toBe(other.url);
  expect(await instanceAt(other.url)).toBe(left.instance);
  await chain.close();
  await other.close();
  await rm(elsewhere, { recursive: true, force: true });
});

it('says which file is damaged, leaves it as it is, and goes on from the state of the last start', async () => {
  const files = chainFiles(directory);
  const first = await openEmbeddedChain(directory);
  await clientOf(first.url).mine({ blocks: 5 });
  await first.close();
  await (await openEmbeddedChain(directory)).close();
  for (const damaged of ['', '{"block": ', 'state', '{}']) {
    await writeFile(files.state, damaged);
    await expect(openEmbeddedChain(directory)).rejects.toMatchObject({
      code: 'CHAIN_FAILED',
      message: expect.stringContaining(`${files.state}, is damaged`),
      remedy: expect.stringContaining('state.previous.json'),
    });
    expect(await readFile(files.state, 'utf8')).toBe(damaged);
  }
  await writeFile(files.state, await readFile(files.previousState));
  const chain = await openEmbeddedChain(directory);
  expect(await block(chain.url)).toBe(5n);
  await chain.close();
});
