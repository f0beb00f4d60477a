import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { builtWorker, toolchain } from './testing/worker.ts';

test('the worker passes its own tests', async () => {
  await builtWorker();
  const installed = join(toolchain, process.platform === 'win32' ? 'Scripts/go.exe' : 'bin/go');
  const { stdout } = await promisify(execFile)(existsSync(installed) ? installed : 'go', ['test', './...'], {
    cwd: fileURLToPath(new URL('./worker', import.meta.url)),
    env: { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local' },
  });
  expect(stdout).toMatch(/^ok\s/m);
  expect(stdout).not.toMatch(/FAIL|no test files/);
});
