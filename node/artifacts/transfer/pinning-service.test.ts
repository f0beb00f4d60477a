import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Artifact, parseArtifactCid } from '../store/index.ts';
import { type Pin, PinningService } from './pinning-service.ts';
import { startTestPeer, type TestPeer } from './testing/peer.ts';

const token = 'a-secret';

let directory: string;
let owner: TestPeer;
/** The service's own node. */
let keeper: TestPeer;
let artifact: Artifact;
let server: Server;
let service: PinningService;
/** Requests that came, and what else it does than what it should. */
let requests: string[];
let answer: ((response: ServerResponse) => void) | undefined;
let pins: Map<string, Pin>;

/** A service that speaks the API and keeps what it is asked for in its node. */
async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url = '/', headers } = request;
  const { pathname, searchParams } = new URL(url, 'http://service');
  requests.push(`${method} ${pathname}`);
  const reply = (status: number, body: object) => response.writeHead(status).end(JSON.stringify(body));
  if (answer !== undefined) return answer(response);
  if (headers.authorization !== `Bearer ${token}`) {
    return void reply(401, {
      error: { reason: 'UNAUTHORIZED', details: 'Access token is missing or invalid' },
    });
  }
  const [, , id] = pathname.split('/');
  if (method === 'POST') {
    const { cid, origins } = (await json(request)) as { cid: string; origins?: string[] };
    const pin: Pin = { requestid: `id/${pins.size}`, status: 'queued', pin: { cid }, delegates: [] };
    pins.set(pin.requestid, pin);
    void keep(pin, origins ?? []);
    return void reply(202, { ...pin, created: new Date().toISOString() });
  }
  const requestid = decodeURIComponent(id ?? '');
  if (method === 'DELETE') {
    pins.delete(requestid);
    return void response.writeHead(202).end();
  }
  if (id !== undefined) return void reply(200, pins.get(requestid) ?? {});
  const statuses = searchParams.get('status')?.split(',') ?? ['pinned'];
  const results = [...pins.values()].filter(
    ({ pin, status }) => pin.cid === searchParams.get('cid') && statuses.includes(status),
  );
  reply(200, { count: results.length, results });
}

async function keep(pin: Pin, origins: readonly string[]): Promise<void> {
  pin.status = 'pinning';
  try {
    await keeper.exchange.fetch({
      cid: parseArtifactCid(pin.pin.cid),
      maxBytes: 2 ** 30,
      pin: true,
      providers: origins.map((origin) => ({
        peer: peerIdFromString(origin.split('/p2p/')[1] ?? ''),
        multiaddrs: [multiaddr(origin)],
      })),
    });
    pin.status = 'pinned';
  } catch {
    pin.status = 'failed';
  }
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pinning-service-'));
  const options = { download: { searchPausesMs: [0], searchMs: 100 } };
  [owner, keeper] = await Promise.all([
    startTestPeer({ directory: join(directory, 'owner'), options }),
    startTestPeer({ directory: join(directory, 'keeper'), options }),
  ]);
  artifact = await owner.store.add([randomBytes(2_500_000)]);
  [requests, answer, pins] = [[], undefined, new Map()];
  server = createServer(serve).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  service = new PinningService({ endpoint: address(), token, pollMs: 10 });
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await Promise.all([owner.stop(), keeper.stop()]);
  await rm(directory, { recursive: true, force: true });
});

const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const origins = () => owner.provider.multiaddrs.map(String);

it('has a service keep a copy, once, until it is released', async () => {
  const seen: string[] = [];
  const onStatus = ({ status }: Pin) => seen.push(status);
  const held = await service.hold(artifact.cid, { name: 'key', origins: origins(), onStatus });
  expect(held.status).toBe('pinned');
  expect(seen.at(-1)).toBe('pinned');
  expect(keeper.store.find(artifact.cid)).toMatchObject({ pinned: true, sha256: artifact.sha256 });

  await service.hold(artifact.cid);
  expect(requests.filter((request) => request.startsWith('POST'))).toHaveLength(1);
  await service.release(artifact.cid);
  expect(pins.size).toBe(0);
});

it('says so when the service cannot fetch it', async () => {
  await expect(service.hold(artifact.cid)).rejects.toMatchObject({ code: 'NETWORK_FAILED' });
});

it('says why it is refused', async () => {
  const stranger = new PinningService({ endpoint: address(), token: 'another' });
  await expect(stranger.hold(artifact.cid)).rejects.toThrow(/401: UNAUTHORIZED Access token/);
});

it.each<[string, (response: ServerResponse) => void]>([
  ['no JSON', (response) => response.end('<html>')],
  ['other JSON', (response) => response.end('{"results": 1}')],
  ['a redirect', (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
  ['too much', (response) => response.end(`"${'x'.repeat(2 ** 21)}"`)],
  ['nothing', (response) => response.destroy()],
])('refuses a service that answers %s', async (_, behaviour) => {
  answer = behaviour;
  await expect(service.hold(artifact.cid)).rejects.toMatchObject({ code: 'NETWORK_FAILED' });
});

it('stops waiting when cancelled', async () => {
  const controller = new AbortController();
  const onStatus = () => controller.abort();
  const held = service.hold(artifact.cid, { signal: controller.signal, onStatus, origins: origins() });
  await expect(held).rejects.toMatchObject({ code: 'ABORTED' });
});
