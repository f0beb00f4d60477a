import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tessera } from '../../../tests/support/command-line.ts';
import { compileSegment } from '../../provers/groth16/compile-segment.ts';
import { denseModel, paramsOf } from '../../provers/groth16/testing/dense.ts';
import { builtWorker } from '../../provers/groth16/testing/worker.ts';

let folder: string;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-ceremony-'));
  env = { ...process.env, TESSERA_HOME: folder, TESSERA_WITHOUT_EZKL: '1' };
  await symlink(dirname(await builtWorker()), join(folder, 'groth16'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a ceremony from its constraints to its keys', async () => {
  const open = { scheme: 'public', blinded: false } as const;
  const source = { model: denseModel, inputs: [open], outputs: [open] };
  const constraints = join(folder, 'constraints.bin');
  await writeFile(constraints, (await compileSegment(source, paramsOf(denseModel))).constraints);
  const transcript = join(folder, 'transcript');
  const step = async (...args: string[]) => {
    const { status, stdout } = await tessera(['ceremony', ...args, '--json'], env);
    expect(status).toBe(0);
    return JSON.parse(stdout);
  };
  await step('init', transcript, '--constraints', constraints);
  const { contribution, powers } = await step('contribute', transcript);
  expect(powers).toEqual([contribution]);
  expect(await step('finalize', transcript, '--beacon', '01')).toMatchObject({ phase: 'circuit' });
  await step('contribute', transcript);
  const finished = await step('finalize', transcript, '--beacon', '02');
  expect(finished).toMatchObject({ phase: 'finished', transcript: expect.stringMatching(/^[0-9a-f]{64}$/) });

  const verified = await tessera(['ceremony', 'verify', transcript], env);
  expect(verified.status).toBe(0);
  expect(verified.stdout).toContain(`verifying key ${finished.verifyingKey}`);
  const late = await tessera(['ceremony', 'contribute', transcript], env);
  expect(late).toMatchObject({ status: 2, stdout: '' });
  expect(late.stderr).toContain('What to do: ');
});
