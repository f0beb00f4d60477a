import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { peerIdOf } from '../../../protocol/messages/index.ts';
import { type Api, startApi } from '../../api/server.ts';
import { workerRoutes } from '../../api/worker-routes.ts';
import type { QueuedJob } from '../../job-queue/index.ts';
import { createLog, type PeerStatus } from '../../peer/index.ts';
import { nodeFiles } from '../../store/index.ts';
import type { Offering } from '../../worker/offering.ts';
import type { Context } from '../context.ts';
import { Output } from '../output.ts';
import { statusVerb } from './status.ts';

const token = 'c'.repeat(64);
const worker = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';

const status: PeerStatus = {
  version: '1.2.3',
  peerId: '12D3KooWnode',
  addresses: ['/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWnode'],
  connectedPeers: 3,
  paths: [
    {
      transport: 'libp2p',
      state: 'failed',
      peers: 2,
      published: 5,
      delivered: 7,
      refused: { malformed: 1, stale: 0 } as unknown as PeerStatus['paths'][number]['refused'],
      problem: 'nobody listens',
    },
  ],
};

const offering: Offering = {
  machine: { processor: 'one', cores: 4, memory: 8 * 2 ** 30, gpus: [] },
  provers: [{ name: 'groth16', unitsPerSecond: 1_250_000 }],
  limits: { memory: 2 ** 30, disk: 2 ** 31, parallel: 2, requesters: [], price: '7' },
  slots: { total: 2, free: 1 },
  segments: [{ job: '11'.repeat(32), segment: 3, stage: 'proving' }],
};

const running = {
  id: 'ab',
  order: { request: { model: '/model.onnx', input: '/input.json', strategy: 'auto' }, out: '/out' },
  state: 'running',
  submitted: '2026-01-01T00:00:00.000Z',
  stage: { type: 'stage', stage: 'prove', done: 1, total: 3 },
  segments: [
    { segment: 0, id: 'first', state: 'accepted', worker },
    { segment: 1, id: 'second', state: 'proving', worker },
    { segment: 2, id: 'third', state: 'unsuited', worker: '', reason: '1 lack the prover ezkl' },
  ],
} as unknown as QueuedJob;

let home: string;
let api: Api | undefined;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tessera-status-'));
});
afterEach(async () => {
  await api?.close();
  await rm(home, { recursive: true, force: true });
});

/** Starts a node's local API that answers so. */
async function serve(offered: Offering | undefined, jobs: readonly QueuedJob[]): Promise<void> {
  api = await startApi({
    port: 0,
    token,
    log: createLog('silent', process.stderr),
    routes: [
      workerRoutes(offered && (() => offered)),
      (server) => {
        server.get('/v1/status', async () => status);
        server.get('/v1/jobs', async () => ({ jobs }));
      },
    ],
  });
  const files = nodeFiles(home);
  await writeFile(files.apiToken, token, { mode: 0o600 });
  await writeFile(files.apiAddress, `${api.url}\n`);
}

/** What `tessera status` prints. */
async function print(json = false): Promise<string> {
  const stdout = new PassThrough();
  const output = new Output({ stdout, stderr: new PassThrough(), json });
  const settings = { directory: { node: home } };
  const program = new Command();
  statusVerb(program, { settings, output, signal: new AbortController().signal } as unknown as Context);
  await program.parseAsync(['status'], { from: 'user' });
  return stripVTControlCharacters(String(stdout.read()));
}

describe('tessera status', () => {
  it('says who the node is, what it proves for others, which segments suit it, and how its jobs stand', async () => {
    await serve(offering, [running, { ...running, id: 'over', state: 'done' }]);
    expect((await print()).split('\n')).toEqual([
      'Peer 12D3KooWnode',
      '  /ip4/127.0.0.1/tcp/4001/p2p/12D3KooWnode',
      '3 connected',
      'libp2p: failed, 2 listening, 5 published, 7 delivered; refused: 1 malformed; nobody listens',
      'proves for others: 1 of 2 places free',
      '  4 cores, 8.00 GiB, no GPU; million units a second: groth16 1.25',
      '  suited by segments of anybody, up to 1.00 GiB of memory, from 7 for a million units, while 2.00 GiB of disk are free',
      'job ab: /model.onnx, since 2026-01-01T00:00:00.000Z, prove 1/3, 1 segments proven',
      `  second: proving, worker ${peerIdOf(worker)}`,
      '  third: no worker suits it: 1 lack the prover ezkl',
      '',
    ]);
  });

  it('names the GPUs that there are, and the only requesters that it works for', async () => {
    const choosy: Offering = {
      ...offering,
      machine: { ...offering.machine, gpus: ['NVIDIA T4', 'NVIDIA H200'] },
      limits: { ...offering.limits, requesters: ['12D3KooWone', '12D3KooWtwo'] },
    };
    await serve(choosy, []);
    const text = await print();
    expect(text).toContain('NVIDIA T4, NVIDIA H200; million units');
    expect(text).toContain('segments of 12D3KooWone, 12D3KooWtwo, up to');
  });

  it('says that a node proves nothing for others', async () => {
    await serve(undefined, []);
    expect(await print()).toMatch(/\nproves nothing for others\n$/);
  });

  it('gives programs the same, whole', async () => {
    await serve(offering, [running, { ...running, id: 'over', state: 'done' }]);
    expect(JSON.parse(await print(true))).toEqual({ ...status, worker: offering, jobs: [running] });
    await api?.close();
    await serve(undefined, []);
    expect(JSON.parse(await print(true))).toMatchObject({ worker: null, jobs: [] });
  });
});

describe('GET /v1/worker', () => {
  it('answers to who has the token what the worker offers, or that there is none', async () => {
    const ask = async (authorization = `Bearer ${token}`) => {
      const response = await fetch(`${api?.url}/v1/worker`, { headers: { authorization } });
      return { status: response.status, body: (await response.json()) as unknown };
    };
    await serve(offering, []);
    expect(await ask()).toEqual({ status: 200, body: { offering } });
    expect((await ask('Bearer wrong')).status).toBe(401);
    await api?.close();
    await serve(undefined, []);
    expect(await ask()).toEqual({ status: 200, body: { offering: null } });
  });
});
