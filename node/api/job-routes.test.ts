import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TesseraError } from '../../protocol/errors.ts';
import {
  type JobEntry,
  type JobEvent,
  JobQueue,
  type JobRunner,
  type QueuedJob,
} from '../job-queue/index.ts';
import { createLog } from '../peer/index.ts';
import type { ProveReport } from '../prove.ts';
import type { ReportForPrograms } from '../prove-report.ts';
import type { Records } from '../store/index.ts';
import { type ApiClient, connectApi } from './client.ts';
import { jobRoutes } from './job-routes.ts';
import { type Api, startApi } from './server.ts';
import { removeUploads, uploadRoutes } from './upload-routes.ts';

const token = 'b'.repeat(64);
const order = { request: { model: '/model.onnx', input: '/input.json', strategy: 'auto' } };

let directory: string;
let api: Api;
let client: ApiClient;
let run: JobRunner;
let queue: JobQueue;

function inMemory(): Records<JobEntry> {
  const map = new Map<string, JobEntry>();
  return {
    get: async (key) => map.get(key),
    put: async (key, value) => void map.set(key, value),
    delete: async (key) => void map.delete(key),
    async *entries() {
      yield* map;
    },
  };
}

const reportOf = (certificate: string) =>
  ({
    certificate,
    outputs: [{ name: 'y', float: Float64Array.of(0.5), proven: Float64Array.of(0.25), maxDifference: 0.25 }],
    warnings: [],
  }) as unknown as ProveReport;

/** Runs until it is told to go on. */
function held() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<AbortSignal>();
  run = async ({ out }, { signal, onSegment, onProgress }) => {
    onProgress({ type: 'stage', stage: 'prove', done: 0, total: 1 });
    onSegment({ segment: 0, id: 'conv', state: 'assigned', worker: 'ab' });
    begun.resolve(signal);
    const stopped = new Promise((_, reject) =>
      signal.addEventListener('abort', () => reject(new TesseraError('ABORTED', { message: 'cancelled' }))),
    );
    await Promise.race([promise, stopped]);
    await writeFile(out, 'certificate');
    return reportOf(out);
  };
  return { begun: begun.promise, go: resolve };
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-job-routes-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));
beforeEach(async () => {
  queue = new JobQueue({ open: 2, ended: 2 }, { records: inMemory(), run: (...call) => run(...call) });
  api = await startApi({
    port: 0,
    token,
    log: createLog('silent', { write: () => {} }),
    routes: [
      jobRoutes(queue, join(directory, 'certificates')),
      uploadRoutes(join(directory, 'uploads'), { fileBytes: 1_000_000, totalBytes: 1_500_000 }),
    ],
  });
  await writeFile(join(directory, 'address'), api.url);
  await writeFile(join(directory, 'token'), token);
  client = await connectApi({ apiAddress: join(directory, 'address'), apiToken: join(directory, 'token') });
  return async () => {
    await queue.stop();
    await api.close();
  };
});

const bearer = { authorization: `Bearer ${token}` };
const raw = (path: string, init: RequestInit = {}) =>
  fetch(`${api.url}${path}`, { ...init, headers: { ...bearer, ...init.headers } });

describe('jobs of a node by its local API', () => {
  it('are taken, listed, followed and end with their certificate', async () => {
    const { begun, go } = held();
    const { id, state } = await client.post<QueuedJob>('/v1/jobs', order);
    expect(state).toBe('running');
    await begun;
    expect(await client.get(`/v1/jobs/${id}`)).toMatchObject({
      stage: { stage: 'prove', done: 0, total: 1 },
      segments: [{ id: 'conv', state: 'assigned' }],
    });
    await expect(client.get(`/v1/jobs/${id}/certificate`)).rejects.toMatchObject({ code: 'USAGE' });
    const following = client.follow<JobEvent, ReportForPrograms>(`/v1/jobs/${id}/events`, undefined);
    go();
    expect((await following).outputs[0]).toMatchObject({ float: [0.5], proven: [0.25] });
    expect(await client.get('/v1/jobs')).toMatchObject({ jobs: [{ id, state: 'done' }] });
    expect(await (await raw(`/v1/jobs/${id}/certificate`)).text()).toBe('certificate');
    // Who comes late learns the end all the same.
    expect(await client.follow(`/v1/jobs/${id}/events`, undefined)).toMatchObject({
      outputs: [{ name: 'y' }],
    });
  });

  it('are cancelled when whoever had them proven is gone, but not when a listener is', async () => {
    const first = held();
    const { id } = await client.post<QueuedJob>('/v1/jobs', order);
    await first.begun;
    const listener = new AbortController();
    const heard = client.follow(`/v1/jobs/${id}/events`, undefined, { signal: listener.signal });
    listener.abort();
    await expect(heard).rejects.toMatchObject({ code: 'ABORTED' });
    expect((await client.get<QueuedJob>(`/v1/jobs/${id}`)).state).toBe('running');
    first.go();

    const second = held();
    const asker = new AbortController();
    const heardOf = Promise.withResolvers<JobEvent>();
    const asked = client.follow<JobEvent, unknown>('/v1/jobs/prove', order, {
      signal: asker.signal,
      onProgress: (event) => event.type === 'segment' && heardOf.resolve(event),
    });
    const signal = await second.begun;
    const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
    expect(await heardOf.promise).toMatchObject({ segment: { id: 'conv', state: 'assigned' } });
    asker.abort();
    await expect(asked).rejects.toMatchObject({ code: 'ABORTED' });
    await aborted;
    await expect.poll(() => queue.list()[0]?.state).toBe('cancelled');
  });

  it('are cancelled by name, and say what they failed with', async () => {
    const { begun } = held();
    const { id } = await client.post<QueuedJob>('/v1/jobs', order);
    await begun;
    expect(await client.delete(`/v1/jobs/${id}`)).toMatchObject({ id, state: 'cancelled' });
    run = async () => {
      throw new TesseraError('WORKER_MISSING', { message: 'none', remedy: 'start one' });
    };
    await expect(client.follow('/v1/jobs/prove', order)).rejects.toMatchObject({
      code: 'WORKER_MISSING',
      remedy: 'start one',
    });
    const { jobs } = await client.get<{ jobs: QueuedJob[] }>('/v1/jobs');
    expect(jobs.map(({ state }) => state)).toEqual(['failed', 'cancelled']);
  });

  it('are refused where they are none, too many, or from somebody without the token', async () => {
    const refused: object[] = [
      {},
      { request: { ...order.request, model: 'relative.onnx' } },
      { ...order, more: 1 },
      { request: { ...order.request, strategy: 'x'.repeat(70_000) } },
      { ...order, limits: { memory: -1 } },
    ];
    for (const body of refused) {
      await expect(client.post('/v1/jobs', body)).rejects.toMatchObject({ code: 'USAGE' });
    }
    await expect(client.get('/v1/jobs/unknown')).rejects.toMatchObject({ code: 'USAGE' });
    for (const path of ['/v1/jobs', '/v1/jobs/prove', '/v1/uploads?kind=onnx']) {
      expect((await fetch(`${api.url}${path}`, { method: 'POST' })).status).toBe(401);
    }
    held();
    await client.post('/v1/jobs', order);
    await client.post('/v1/jobs', order);
    await expect(client.post('/v1/jobs', order)).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('are forgotten after their end, the oldest first', async () => {
    run = async ({ out }) => reportOf(out);
    for (let i = 0; i < 3; i++) await client.follow('/v1/jobs/prove', order);
    expect((await client.get<{ jobs: QueuedJob[] }>('/v1/jobs')).jobs).toHaveLength(2);
  });
});

describe('uploads', () => {
  const send = (bytes: Uint8Array, query = '?kind=onnx') =>
    raw(`/v1/uploads${query}`, {
      method: 'POST',
      body: Buffer.from(bytes),
      headers: { 'content-type': 'application/octet-stream' },
    });

  it('lie where a job can name them, and are removed', async () => {
    const bytes = randomBytes(300_000);
    const { path } = (await (await send(bytes)).json()) as { path: string };
    expect(path).toMatch(/\.onnx$/);
    expect((await readFile(path)).equals(bytes)).toBe(true);
    await client.delete('/v1/uploads');
    await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('take their room while they are still coming', async () => {
    const first = httpRequest(`${api.url}/v1/uploads?kind=onnx`, {
      method: 'POST',
      headers: { ...bearer, 'content-type': 'application/octet-stream', 'content-length': 900_000 },
    });
    const answered = once(first, 'response') as Promise<[IncomingMessage]>;
    first.write(Buffer.alloc(1));
    const coming = () => readdir(join(directory, 'uploads'));
    await expect.poll(coming).toHaveLength(1);
    expect(await (await send(randomBytes(900_000))).json()).toMatchObject({
      error: { code: 'STORAGE_FAILED' },
    });
    first.end(Buffer.alloc(899_999));
    const [{ statusCode }] = await answered;
    expect(statusCode).toBe(200);
    await client.delete('/v1/uploads');
  });

  it('are bounded, one by one and all together', async () => {
    expect((await send(randomBytes(1_000_001))).status).toBeGreaterThanOrEqual(400);
    expect((await send(randomBytes(900_000))).status).toBe(200);
    expect(await (await send(randomBytes(900_000))).json()).toMatchObject({
      error: { code: 'STORAGE_FAILED' },
    });
    expect((await send(randomBytes(10), '?kind=sh')).status).toBe(400);
    const [name = '', ...others] = await readdir(join(directory, 'uploads'));
    expect(others).toEqual([]);
    const kept = join(directory, 'uploads', name);
    await removeUploads(join(directory, 'uploads'), new Set([kept]));
    expect((await readFile(kept)).length).toBe(900_000);
    await removeUploads(join(directory, 'uploads'), new Set());
    expect(await readdir(join(directory, 'uploads'))).toEqual([]);
    await client.delete('/v1/uploads');
  });
});
