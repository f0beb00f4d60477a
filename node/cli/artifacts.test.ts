import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../protocol/ids.ts';
import { firstLine } from '../../tests/support/child-processes.ts';
import { tessera } from '../../tests/support/command-line.ts';
import { parseArtifactCid } from '../artifacts/store/index.ts';
import { startTestPeer } from '../artifacts/transfer/testing/peer.ts';
import { PinningServer } from '../artifacts/transfer/testing/pinning-server.ts';

const program = fileURLToPath(new URL('./index.ts', import.meta.url));
const bytes = randomBytes(3_000_000);
const missing = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-artifacts-'));
  file = join(folder, 'key.bin');
  await writeFile(file, bytes);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const failure = (code: string) => ({ status: 1, result: { error: { code } } });

/** Runs a verb with `--json` on a data directory. */
async function artifacts(home: string, ...args: string[]) {
  const env = { TESSERA_HOME: join(folder, home) };
  const { status, stdout } = await tessera(['artifacts', ...args, '--json'], env);
  return { status, result: JSON.parse(stdout) };
}

/** What each verb does is the same whether a node runs or not. */
async function keepsArtifacts(home: string): Promise<string> {
  const { result: added } = await artifacts(home, 'add', file);
  expect(added).toMatchObject({
    sha256: sha256Hex(bytes),
    bytes: bytes.length,
    pinned: false,
    announced: true,
  });
  const { cid } = added;
  expect(await artifacts(home, 'pin', cid)).toMatchObject({ status: 0, result: { cid, pinned: true } });
  const { result: list } = await artifacts(home, 'ls');
  expect(list).toMatchObject({ artifacts: [{ cid, pinned: true }], maxBytes: 20 * 2 ** 30 });
  expect(await artifacts(home, 'unpin', cid)).toMatchObject({ status: 0, result: { pinned: false } });
  const out = join(folder, `${home}.out`);
  expect(await artifacts(home, 'get', cid, '--out', out)).toMatchObject({ status: 0, result: { cid, out } });
  expect((await readFile(out)).equals(bytes)).toBe(true);

  return cid;
}

describe('tessera artifacts', () => {
  it('keeps files by content where no node runs', async () => {
    await keepsArtifacts('alone');
    expect(await artifacts('alone', 'pin', missing)).toMatchObject(failure('ARTIFACT_MISSING'));
    const started = performance.now();
    const out = join(folder, 'missing.out');
    expect(await artifacts('alone', 'get', missing, '--out', out, '--no-mdns')).toMatchObject({
      status: 1,
      result: { error: { code: 'ARTIFACT_MISSING', message: expect.stringMatching(/nobody to ask/) } },
    });
    // Searches take longer.
    expect(performance.now() - started).toBeLessThan(12_000);
  });

  describe('with a running node', () => {
    let node: ChildProcess;
    let address: string;
    beforeAll(async () => {
      const flags = [
        '--listen',
        '/ip4/127.0.0.1/tcp/0',
        '--api-port',
        '0',
        '--no-mdns',
        '--no-worker',
        '--json',
      ];
      node = spawn(process.execPath, [program, 'start', ...flags], {
        env: { ...process.env, TESSERA_HOME: join(folder, 'node') },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      [address] = JSON.parse(await firstLine(node)).addresses;
    });
    afterAll(async () => {
      const exited = once(node, 'exit');
      node.kill();
      await exited;
    });

    it('keeps them through it, and others get them from it', async () => {
      const cid = await keepsArtifacts('node');
      const out = join(folder, 'fetched');
      const joining = ['--bootstrap', address, '--no-mdns'];
      const get = ['get', cid, '--out', out, '--sha256', sha256Hex(bytes), ...joining];
      const env = { TESSERA_HOME: join(folder, 'other') };
      const { stdout, stderr } = await tessera(['artifacts', ...get, '--json', '--progress'], env);
      expect(JSON.parse(stdout)).toMatchObject({ cid });
      expect(stderr).toMatch(/looking for providers, \d peers connected/);
      expect((await readFile(out)).equals(bytes)).toBe(true);
      // It stays: no peer is asked again.
      expect(await artifacts('other', 'get', cid, '--out', out)).toMatchObject({ status: 0 });
      const failing: [string, string, string[]][] = [
        ['ARTIFACT_MISSING', 'node', ['pin', missing]],
        ['ENCODING_INVALID', 'node', ['pin', 'nonsense']],
        ['STORAGE_FAILED', 'node', ['add', join(folder, 'absent')]],
        ['STORAGE_FAILED', 'node', ['get', cid, '--out', join(folder, 'absent', 'x')]],
        ['DOWNLOAD_FAILED', 'third', ['get', cid, '--out', out, '--sha256', '00'.repeat(32), ...joining]],
      ];
      const own = join(folder, 'own');
      await writeFile(own, 'mine');
      for (const home of ['node', 'third']) {
        const refused = await artifacts(home, 'get', cid, '--out', own, ...joining);
        expect(refused).toMatchObject({ status: 2, result: { error: { code: 'USAGE' } } });
      }
      expect(await readFile(own, 'utf8')).toBe('mine');
      for (const [code, home, args] of failing) {
        expect(await artifacts(home, ...args)).toMatchObject(failure(code));
      }
    });

    it('has a pinning service keep a copy, and let it go', async () => {
      const keeper = await startTestPeer({ directory: join(folder, 'keeper') });
      const server = await PinningServer.start(keeper);
      try {
        const { result: added } = await artifacts('node', 'add', file);
        const { cid } = added;
        const tokenFile = join(folder, 'token');
        await writeFile(tokenFile, `${server.token}\n`);
        const service = ['--service', server.endpoint, '--token-file', tokenFile];
        const pinned = { cid, service: server.endpoint, status: 'pinned' };
        expect(await artifacts('node', 'pin', cid, ...service)).toEqual({ status: 0, result: pinned });
        expect(keeper.store.find(parseArtifactCid(cid))).toMatchObject({ sha256: sha256Hex(bytes) });
        expect(await artifacts('node', 'unpin', cid, ...service)).toMatchObject({
          result: { status: 'released' },
        });
        expect(server.pins.size).toBe(0);
        expect(await artifacts('alone', 'pin', cid, ...service)).toMatchObject(failure('NODE_MISSING'));
        await writeFile(tokenFile, 'another');
        expect(await artifacts('node', 'pin', cid, ...service)).toMatchObject(failure('NETWORK_FAILED'));
        expect(await artifacts('node', 'pin', cid, '--service', server.endpoint)).toMatchObject({
          status: 2,
        });
      } finally {
        server.close();
        await keeper.stop();
      }
    });
  });
});
