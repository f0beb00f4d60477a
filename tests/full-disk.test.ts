import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readSettings } from '../node/cli/settings.ts';
import { encodeModel } from '../node/model/onnx/encode.ts';
import { branchingModel } from './support/branching-model.ts';
import { run } from './support/command-line.ts';
import { describeUnless } from './support/describe-unless.ts';
import { missingEzkl } from './support/ezkl-python.ts';
import { missingForMounts, ownMounts } from './support/namespaces.ts';
import { image } from './support/proving.ts';

const program = fileURLToPath(new URL('../node/cli/index.ts', import.meta.url));

/** Mounts a file system of $1 bytes as the data directory, with the Python $2, and proves the job in $3. */
const script = `
  mount -t tmpfs -o size=$1 none "$3/home"
  ln -s "$2" "$3/home/python"
  exec "$4" "$5" prove "$3/model.onnx" --input "$3/image.json" --by parts=2 --out "$3/out/job.cert" --json`;

describeUnless(missingForMounts ?? missingEzkl, 'prove, on a disk', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-full-disk-'));
    await mkdir(join(folder, 'home'));
    await mkdir(join(folder, 'out'));
    await writeFile(join(folder, 'model.onnx'), await encodeModel(branchingModel()));
    await writeFile(join(folder, 'image.json'), JSON.stringify({ image: image(36) }));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const proveOn = (bytes: number) => {
    const { python } = readSettings(process.env).directory;
    const [command, ...mounting] = ownMounts;
    const args = [...mounting, script, 'sh', String(bytes), python, folder, process.execPath, program];
    return run(command, args, { env: { ...process.env, TESSERA_HOME: join(folder, 'home') } });
  };

  // The SRS takes 262,404 bytes, both proving keys some 10 MB.
  it.each([
    ['the SRS', 100_000],
    ['the keys', 3_000_000],
  ])('too small for %s, says so and leaves no certificate', async (_, bytes) => {
    const ended = await proveOn(bytes);
    expect(JSON.parse(ended.stdout).error).toMatchObject({
      code: 'STORAGE_FAILED',
      remedy: expect.stringMatching(/[Ff]ree/),
    });
    expect(ended.status).toBe(1);
    expect(await readdir(join(folder, 'out'))).toEqual([]);
  });

  it('large enough, succeeds', async () => {
    expect(await proveOn(200_000_000)).toMatchObject({ status: 0 });
    expect(await readdir(join(folder, 'out'))).toEqual(['job.cert']);
  });
});
