import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Artifact } from '../store/index.ts';
import { type Pin, PinningService } from './pinning-service.ts';
import { startTestPeer, type TestPeer } from './testing/peer.ts';
import { PinningServer } from './testing/pinning-server.ts';

let directory: string;
let owner: TestPeer;
/** The service's own node. */
let keeper: TestPeer;
let artifact: Artifact;
let server: PinningServer;
let service: PinningService;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pinning-service-'));
  const options = { download: { searchPausesMs: [0], searchMs: 100 } };
  [owner, keeper] = await Promise.all([
    startTestPeer({ directory: join(directory, 'owner'), options }),
    startTestPeer({ directory: join(directory, 'keeper'), options }),
  ]);
  artifact = await owner.store.add([randomBytes(2_500_000)]);
  server = await PinningServer.start(keeper);
  const { endpoint, token } = server;
  service = new PinningService({ endpoint, token, pollMs: 10 });
});
afterEach(async () => {
  server.close();
  await Promise.all([owner.stop(), keeper.stop()]);
  await rm(directory, { recursive: true, force: true });
});

const origins = () => owner.provider.multiaddrs.map(String);

it('has a service keep a copy, once, until it is released', async () => {
  const seen: string[] = [];
  const onStatus = ({ status }: Pin) => seen.push(status);
  const held = await service.hold(artifact.cid, { name: 'key', origins: origins(), onStatus });
  expect(held.status).toBe('pinned');
  expect(seen.at(-1)).toBe('pinned');
  expect(keeper.store.find(artifact.cid)).toMatchObject({ pinned: true, sha256: artifact.sha256 });

  await service.hold(artifact.cid);
  expect(server.requests.filter((request) => request.startsWith('POST'))).toHaveLength(1);
  await service.release(artifact.cid);
  expect(server.pins.size).toBe(0);
});

it('says so when the service cannot fetch it', async () => {
  await expect(service.hold(artifact.cid)).rejects.toMatchObject({ code: 'NETWORK_FAILED' });
});

it('says why it is refused', async () => {
  const stranger = new PinningService({ endpoint: server.endpoint, token: 'another' });
  await expect(stranger.hold(artifact.cid)).rejects.toThrow(/401: UNAUTHORIZED Access token/);
});

it.each<[string, (response: ServerResponse) => void]>([
  ['no JSON', (response) => response.end('<html>')],
  ['other JSON', (response) => response.end('{"results": 1}')],
  ['a redirect', (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
  ['too much', (response) => response.end(`"${'x'.repeat(2 ** 21)}"`)],
  ['nothing', (response) => response.destroy()],
])('refuses a service that answers %s', async (_, behaviour) => {
  server.misbehave = behaviour;
  await expect(service.hold(artifact.cid)).rejects.toMatchObject({ code: 'NETWORK_FAILED' });
});

it('stops waiting when cancelled', async () => {
  const controller = new AbortController();
  const onStatus = () => controller.abort();
  const held = service.hold(artifact.cid, { signal: controller.signal, onStatus, origins: origins() });
  await expect(held).rejects.toMatchObject({ code: 'ABORTED' });
});
