import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChildProcesses, firstLine } from '../../tests/support/child-processes.ts';

interface Started {
  peerId: string;
  addresses: string[];
  api: string;
}

const program = join(import.meta.dirname, 'index.ts');
const quiet = ['--listen', '/ip4/127.0.0.1/tcp/0', '--api-port', '0', '--no-mdns', '--json'];
const children = new ChildProcesses();
let home: string;

beforeAll(async () => {
  home = await children.directory('tessera-node-');
});

afterAll(() => children.close());

function spawnTessera(args: readonly string[], directory = home): ChildProcess {
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, TESSERA_HOME: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  void children.add(child);
  return child;
}

/** Starts a node and waits for the line that says it is ready. */
async function start(...args: string[]): Promise<{ node: ChildProcess; ready: Started }> {
  const node = spawnTessera(['start', ...quiet, ...args]);
  return { node, ready: JSON.parse(await firstLine(node)) as Started };
}

/** Runs a verb to its end. */
async function run<T>(...args: string[]): Promise<{ status: number; value: T }> {
  const { status, value } = await runNoted<T>(...args);
  return { status, value };
}

/** Also gives what it says besides its result. */
async function runNoted<T>(...args: string[]): Promise<{ status: number; value: T; notes: string }> {
  const child = spawnTessera([...args, '--json']);
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  let notes = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    notes += chunk;
  });
  const [status] = (await once(child, 'close')) as [number];
  return { status, value: JSON.parse(text) as T, notes };
}

async function stop(node: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exited = once(node, 'exit');
  node.kill(signal);
  const [status] = (await exited) as [number | null];
  return status;
}

describe('a node on the command line', () => {
  it('is said to be missing where none runs', async () => {
    const { status, value } = await run('status');
    expect(status).toBe(1);
    expect(value).toMatchObject({ error: { code: 'NODE_MISSING' } });
  });

  it('runs until it is told to stop; others of its data directory are refused meanwhile', async () => {
    const { node, ready } = await start();
    expect(ready.addresses[0]).toMatch(`/p2p/${ready.peerId}`);
    expect(await run('status')).toMatchObject({
      status: 0,
      value: { peerId: ready.peerId, connectedPeers: 0, paths: [{ transport: 'libp2p', state: 'waiting' }] },
    });
    expect(await run('peers')).toEqual({ status: 0, value: { peers: [] } });
    expect(await run('start', ...quiet)).toMatchObject({
      status: 1,
      value: { error: { code: 'NODE_RUNNING' } },
    });
    await expectClosedApi(ready.api);
    expect(await stop(node, 'SIGTERM')).toBe(0);
    expect(await run('peers')).toMatchObject({ status: 1, value: { error: { code: 'NODE_MISSING' } } });
  });

  it('keeps its identity when it is killed, and moves with a backup', async () => {
    const { node, ready } = await start();
    await stop(node, 'SIGKILL');
    // What a killed node leaves behind misleads nobody.
    expect(await run('status')).toMatchObject({ status: 1, value: { error: { code: 'NODE_MISSING' } } });
    const again = await start();
    expect(again.ready.peerId).toBe(ready.peerId);
    expect(await stop(again.node, 'SIGINT')).toBe(0);

    const backup = join(home, 'backup.json');
    expect(await run('identity', 'backup', backup)).toMatchObject({
      status: 0,
      value: { peerId: ready.peerId },
    });
    expect(await modeOf(backup)).toBe(0o600);
    expect(await run('identity', 'backup', backup)).toMatchObject({
      status: 1,
      value: { error: { code: 'STORAGE_FAILED' } },
    });
    await rm(join(home, 'node'), { recursive: true });
    expect(await run('identity', 'restore', backup)).toMatchObject({
      status: 0,
      value: { peerId: ready.peerId },
    });
    expect(await run('identity', 'show')).toMatchObject({ status: 0, value: { peerId: ready.peerId } });
  });

  it('refuses settings that cannot be, naming them', async () => {
    const { status, value } = await run('start', '--bootstrap', '/ip4/192.0.2.1/tcp/4801');
    expect(status).toBe(2);
    expect(value).toMatchObject({
      error: { code: 'CONFIGURATION_INVALID', message: expect.stringMatching(/^--bootstrap, item 1/) },
    });
  });

  it('says which address is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = `/ip4/127.0.0.1/tcp/${(other.address() as AddressInfo).port}`;
    const { status, value, notes } = await runNoted(
      'start',
      '--listen',
      address,
      '--api-port',
      '0',
      '--no-mdns',
    );
    other.close();
    expect(status).toBe(1);
    expect(value).toMatchObject({
      error: { code: 'NETWORK_FAILED', message: expect.stringContaining('address already in use') },
    });
    // What never started did not stop.
    expect(notes).not.toContain('stopped');
  });

  it('refuses a key that others could have read', async () => {
    const path = join(home, 'node', 'identity.json');
    await chmod(path, 0o644);
    expect(await run('identity', 'show')).toMatchObject({
      status: 1,
      value: { error: { code: 'IDENTITY_INVALID' } },
    });
    await chmod(path, 0o600);
  });

  it('refuses to take what is no identity', async () => {
    const path = join(home, 'wrong.json');
    await writeFile(path, '{"type":"tessera/identity","version":1,"peerId":"","secretKey":""}');
    expect(await run('identity', 'restore', path)).toMatchObject({
      status: 1,
      value: { error: { code: 'IDENTITY_INVALID' } },
    });
  });
});

/** The API answers to its token only, and only to requests that were meant for this machine. */
async function expectClosedApi(api: string): Promise<void> {
  const tokenFile = join(home, 'node', 'api-token');
  expect(await modeOf(tokenFile)).toBe(0o600);
  const token = (await readFile(tokenFile, 'utf8')).trim();
  const status = async (path: string, headers: Record<string, string>) =>
    (await fetch(`${api}${path}`, { headers })).status;
  const authorization = `Bearer ${token}`;
  for (const path of ['/v1/status', '/v1/peers', '/v1/events', '/metrics', '/v1/unknown']) {
    expect(await status(path, {})).toBe(401);
    expect(await status(path, { authorization: `Bearer ${token.replace(/./g, '0')}` })).toBe(401);
  }
  expect(await status('/v1/status', { authorization })).toBe(200);
  expect(await status('/v1/unknown', { authorization })).toBe(404);
  const metrics = await (await fetch(`${api}/metrics`, { headers: { authorization } })).text();
  expect(metrics).toContain('tessera_messages_total{transport="libp2p",outcome="delivered"} 0');
  expect(metrics).toContain('tessera_requests_total{outcome="refused"} 0');
  expect(metrics).toMatch(/^libp2p_/m);
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}
