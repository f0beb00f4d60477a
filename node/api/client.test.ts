import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectApi, findRunningNode } from './client.ts';

let directory: string;
const files = () => ({ apiAddress: join(directory, 'address'), apiToken: join(directory, 'token') });
/** What listens where a node did that was killed. */
let answer: (response: ServerResponse) => void;
const server = createServer((_, response) => answer(response));

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-client-'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  await writeFile(files().apiAddress, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await writeFile(files().apiToken, 'c'.repeat(64));
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true, force: true });
});

describe('a client of the local API', () => {
  it.each<[string, typeof answer]>([
    ['a page', (response) => response.writeHead(200).end('<html>')],
    ['a page of an error', (response) => response.writeHead(404).end('<html>')],
    ['half an answer', (response) => response.write('{"peerId":', () => response.destroy())],
    ['nothing', (response) => response.destroy()],
  ])('finds no node where another program answers %s', async (_, behaviour) => {
    answer = behaviour;
    expect(await findRunningNode(files())).toBeUndefined();
  });

  it('takes an answer that names no error for a fault', async () => {
    answer = (response) => response.writeHead(500).end('null');
    const api = await connectApi(files());
    await expect(api.get('/v1/status')).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('is cancelled in the middle of an answer', async () => {
    const controller = new AbortController();
    answer = (response) => response.write('{"peerId":', () => controller.abort());
    const api = await connectApi(files());
    const asked = api.get('/v1/status', { signal: controller.signal });
    await expect(asked).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
