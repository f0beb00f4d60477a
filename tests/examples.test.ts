import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../node/package.ts';
import { type Ended, run } from './support/command-line.ts';
import { dataDirectoryWithProvers } from './support/data-directory.ts';
import { writeDigitImage } from './support/digit-image.ts';
import { describeWithEzkl } from './support/ezkl-python.ts';

const examples = join(packageRoot, 'examples');

test('examples are short', async () => {
  for (const name of (await readdir(examples)).filter((file) => file.endsWith('.ts'))) {
    const lines = (await readFile(join(examples, name), 'utf8')).trimEnd().split('\n');
    expect(lines.length, name).toBeLessThan(30);
  }
});

// They import the package by its name: the build, as whoever installs it has it.
describeWithEzkl('the examples, against the build', () => {
  let folder: string;
  let proven: Ended;
  let label: number;
  const certificate = () => join(folder, 'digit.cert');
  const example = (name: string, ...args: readonly string[]) =>
    run(process.execPath, [join(examples, name), ...args], {
      cwd: folder,
      env: { ...process.env, TESSERA_HOME: join(folder, 'home') },
    });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-examples-'));
    await dataDirectoryWithProvers(join(folder, 'home'));
    label = await writeDigitImage(join(folder, 'digit.png'), 0);
    proven = await example('prove-a-digit.ts', 'digit.png', certificate());
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('prove-a-digit proves the digit that was written', () => {
    expect(proven.status, proven.stderr).toBe(0);
    expect(proven.stdout).toContain(`It is a ${label}, proven with model `);
  });

  test('verify-in-node accepts that certificate, of that model and of no other', async () => {
    const [, model = ''] = /model ([0-9a-f]{64})/.exec(proven.stdout) ?? [];
    const accepted = await example('verify-in-node.ts', certificate(), model);
    expect(accepted.status, accepted.stderr).toBe(0);
    expect(accepted.stdout).toMatch(/^valid, of model .*\nlogits: /);

    const refused = await example('verify-in-node.ts', certificate(), '00'.repeat(32));
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('MODEL_UNEXPECTED');
  });
});
