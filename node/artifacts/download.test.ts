import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeUnless } from '../../tests/support/describe-unless.ts';
import { download } from './download.ts';

const content = randomBytes(300_000);
const digest = createHash('sha256').update(content).digest('hex');
const missing = { code: 'ENOENT' };

let directory: string;
let path: string;
let server: Server;
let url: string;
/** `range` headers that came in. */
let ranges: (string | undefined)[];
/** Breaks off an answer that was cut. */
let breakOff: () => void;
/** How the server behaves. */
let behaviour: { cutAfter?: number; ignoreRange?: boolean; status?: number; hideLength?: boolean };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'download-'));
  path = join(directory, 'file');
  ranges = [];
  behaviour = {};
  server = createServer((request, response) => {
    const { range } = request.headers;
    ranges.push(range);
    const start = behaviour.ignoreRange ? 0 : Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
    const { status = start > 0 ? 206 : 200, cutAfter, hideLength } = behaviour;
    const body = content.subarray(start);
    response.writeHead(status, hideLength ? {} : { 'content-length': body.length });
    if (cutAfter === undefined) response.end(body);
    else {
      response.write(body.subarray(0, cutAfter));
      breakOff = () => response.destroy();
    }
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/srs`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true, force: true });
});

describe('download', () => {
  it('fetches a file and reports its progress', async () => {
    const seen: [number, number | undefined][] = [];
    await download(url, path, digest, 1e6, { onProgress: (...event) => seen.push(event) });
    expect(await readFile(path)).toEqual(content);
    expect(seen.at(-1)).toEqual([content.length, content.length]);
  });

  it('continues where an interrupted download stopped', async () => {
    behaviour = { cutAfter: 100_000 };
    const cut = download(url, path, digest, 1e6, { onProgress: () => breakOff() });
    await expect(cut).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
    const { size } = await stat(`${path}.part`);
    expect(size).toBeGreaterThan(0);
    behaviour = {};
    await download(url, path, digest, 1e6);
    expect(ranges).toEqual([undefined, `bytes=${size}-`]);
    expect(await readFile(path)).toEqual(content);
  });

  it('starts again where the server cannot continue', async () => {
    await writeFile(`${path}.part`, content.subarray(0, 1000));
    behaviour = { ignoreRange: true };
    await download(url, path, digest, 1e6);
    expect(await readFile(path)).toEqual(content);
  });

  it('refuses another file than the one named, and forgets it', async () => {
    await expect(download(url, path, '0'.repeat(64), 1e6)).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      details: { digest },
    });
    await expect(stat(path)).rejects.toMatchObject(missing);
    await expect(stat(`${path}.part`)).rejects.toMatchObject(missing);
  });

  it.each([false, true])('stops at the limit of bytes (length hidden: %s)', async (hideLength) => {
    behaviour = { hideLength };
    await expect(download(url, path, digest, 1000)).rejects.toThrow(/larger than 1000/);
    await expect(stat(path)).rejects.toMatchObject(missing);
  });

  it('reports what the server says, and that there is none', async () => {
    behaviour = { status: 404 };
    await expect(download(url, path, digest, 1e6)).rejects.toThrow(/404/);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await expect(download(url, path, digest, 1e6)).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
  });

  it('stops when cancelled', async () => {
    const aborted = download(url, path, digest, 1e6, { signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describeUnless(
  process.platform === 'linux' ? undefined : 'there is no /dev/full',
  'a download, the disk full',
  () => {
    it('says so', async () => {
      await symlink('/dev/full', `${path}.part`);
      await expect(download(url, path, digest, 1e6)).rejects.toMatchObject({
        code: 'STORAGE_FAILED',
        remedy: expect.stringContaining('Free disk space'),
      });
    });
  },
);
