import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../node/package.ts';
import { run } from './support/command-line.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-pack-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the package as it would be published works without a compiler, and ships what it runs', async () => {
  const env = {
    ...process.env,
    TESSERA_HOME: join(folder, 'home'),
    TESSERA_WITHOUT_EZKL: '1',
    ONNXRUNTIME_NODE_INSTALL: 'skip',
  };
  // Scripts would build again under the feet of the tests that run beside this one; npm install has built.
  const packed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: packageRoot,
    env,
  });
  expect(packed).toMatchObject({ status: 0 });
  const [tarball = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  const empty = join(folder, 'empty');
  await mkdir(empty);
  const prefix = join(folder, 'prefix');
  const install = await run(
    'npm',
    ['install', '--global', '--prefix', prefix, '--prefer-offline', join(folder, tarball)],
    { cwd: empty, env },
  );
  expect(install).toMatchObject({ status: 0 });

  const installed = join(prefix, 'lib', 'node_modules', '@tessera-zkml', 'tessera');
  expect(existsSync(join(installed, 'node_modules', 'typescript'))).toBe(false);
  for (const file of [
    'provers/ezkl/worker.py',
    'provers/groth16/worker/go.sum',
    'setup/go-requirements.txt',
  ]) {
    expect(existsSync(join(installed, 'dist', 'node', file)), file).toBe(true);
  }
  expect(existsSync(join(installed, 'data', 'mnist', 'test-images-idx3-ubyte.gz'))).toBe(true);

  const command = join(prefix, 'bin', 'tessera');
  const model = join(installed, 'models', 'mlp.onnx');
  const compared = await run(command, ['run', model, '--random', '1', '--by', 'layer', '--json'], {
    cwd: empty,
    env,
  });
  expect(compared.status).toBe(0);
  expect(JSON.parse(compared.stdout)).toMatchObject({ segments: 2, equal: true });

  // A package may import itself by its name, as others import it.
  const entries = ['@tessera-zkml/tessera', '@tessera-zkml/tessera/verify'];
  const imported = await run(
    process.execPath,
    ['--input-type=module', '-e', entries.map((entry) => `await import('${entry}');`).join('\n')],
    { cwd: installed, env },
  );
  expect(imported).toMatchObject({ status: 0, stderr: '' });
  for (const declarations of ['node/index.d.ts', 'verify/index.d.ts']) {
    expect(existsSync(join(installed, 'dist', declarations)), declarations).toBe(true);
  }
});
