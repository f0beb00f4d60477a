import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { version } from '../node/package.ts';
import { run } from './support/command-line.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'bin', 'tessera.js');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-install-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('after npm install -g . the command works from an empty folder', async () => {
  const prefix = join(folder, 'prefix');
  const empty = await mkdtemp(join(folder, 'empty-'));
  const env = {
    ...process.env,
    TESSERA_HOME: join(folder, 'data'),
    TESSERA_WITHOUT_EZKL: '1',
    TESSERA_WITHOUT_GROTH16: '1',
  };
  // Scripts would build again under the feet of the tests that run beside this one; npm install has built.
  const install = await run(
    'npm',
    ['install', '--global', '--prefix', prefix, '--offline', '--ignore-scripts', '.'],
    { cwd: root, env },
  );
  expect(install).toMatchObject({ status: 0 });

  const command = join(prefix, 'bin', 'tessera');
  const shown = await run(command, ['--version'], { cwd: empty, env });
  expect(shown).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  const doctor = await run(command, ['doctor', '--json'], { cwd: empty, env });
  expect(JSON.parse(doctor.stdout)).toMatchObject({ version, complete: true });
  expect(doctor.status).toBe(0);
});

test('npm has ONNX Runtime fetch no CUDA libraries', async () => {
  // As npm runs it in this project; without the setting it downloads them, or fails where it cannot.
  const args = ['explore', 'onnxruntime-node', '--', process.execPath, 'script/install.js'];
  const { ONNXRUNTIME_NODE_INSTALL: _, ...env } = process.env;
  expect(await run('npm', args, { cwd: root, env })).toMatchObject({ status: 0 });
  const fetched = await readdir(join(root, 'node_modules', 'onnxruntime-node', 'bin'), { recursive: true });
  expect(fetched.filter((file) => file.includes('cuda'))).toEqual([]);
});

/** The first Node on the path that is too old to run the program itself. */
const oldNode = (process.env.PATH ?? '')
  .split(':')
  .map((directory) => join(directory, 'node'))
  .find((node) => {
    const [major = 99, minor = 0] = String(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout ?? '')
      .trim()
      .slice(1)
      .split('.')
      .map(Number);
    return major >= 18 && (major < 22 || (major === 22 && minor < 13));
  });

test('started by an old Node, the command goes on under the packaged one and hands its exit status on', async (context) => {
  if (oldNode === undefined) return context.skip('no Node older than 22.13 is on the path');
  const doctor = await run(oldNode, [bin, 'doctor', '--json']);
  expect(JSON.parse(doctor.stdout).node).toMatch(/^24\./);
  expect((await run(oldNode, [bin, 'doctor', '--bogus'])).status).toBe(2);
});
