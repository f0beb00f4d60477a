import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../node/package.ts';
import { run } from './support/command-line.ts';
import { dataDirectoryWithProvers } from './support/data-directory.ts';
import { writeDigitImage } from './support/digit-image.ts';
import { describeWithEzkl } from './support/ezkl-python.ts';

const tutorial = await readFile(join(packageRoot, 'docs', 'tutorial.md'), 'utf8');
const commands = [...tutorial.matchAll(/^```sh\n(.*?)\n```$/gms)].flatMap((block) =>
  (block[1] ?? '').split('\n'),
);

describeWithEzkl('the tutorial', () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-tutorial-'));
    const home = join(folder, 'home');
    const bin = join(folder, 'bin');
    await dataDirectoryWithProvers(home);
    await mkdir(bin);
    const program = join(packageRoot, 'node', 'cli', 'index.ts');
    await writeFile(join(bin, 'tessera'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, {
      mode: 0o755,
    });
    env = { ...process.env, TESSERA_HOME: home, PATH: `${bin}${delimiter}${process.env.PATH}` };
    await cp(join(packageRoot, 'models', 'cnn-small.onnx'), join(folder, 'digits.onnx'));
    await writeDigitImage(join(folder, 'digit.png'), 0);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('has commands that work, in its order', async () => {
    expect(commands.map((command) => command.split(' ', 2)[1])).toEqual([
      'run',
      'slice',
      'prove',
      'verify',
      'audit',
      'verify',
    ]);
    let modelId = '';
    for (const command of commands) {
      const ended = await run('sh', ['-c', command.replace('MODEL_ID', modelId)], { cwd: folder, env });
      expect(ended.status, `${command}\n${ended.stderr}\n${ended.stdout}`).toBe(0);
      modelId = /\bmodel ([0-9a-f]{64})\b/.exec(ended.stdout)?.[1] ?? modelId;
    }
    expect(modelId).toMatch(/^[0-9a-f]{64}$/);
  });
});
