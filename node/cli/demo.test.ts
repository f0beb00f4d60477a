import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { interruptedTessera, killedTessera, tessera } from '../../tests/support/command-line.ts';
import { builtWorker } from '../provers/groth16/testing/worker.ts';

let home: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tessera-demo-test-'));
  await mkdir(join(home, 'tmp'));
  await symlink(dirname(await builtWorker()), join(home, 'groth16'), 'junction');
  env = { TESSERA_HOME: home, TESSERA_WITHOUT_EZKL: '1', TMPDIR: join(home, 'tmp') };
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** Data directories of nodes that the demonstration left behind. */
async function leftBehind(): Promise<string[]> {
  const names = await readdir(join(home, 'tmp'));
  return names.filter((name) => /^tessera-(nodes|requester|market)-/.test(name));
}

describe('the demonstration', () => {
  it('has every segment claimed, proven and paid on a chain, and refuses all forgeries', async () => {
    const { status, stdout, stderr } = await tessera(['demo', '--json', '--progress'], env);
    expect(stderr).toMatch(/claimed by node [12] \(12D3KooW/);
    expect(stderr).toContain('The job is settled.');
    expect(status).toBe(0);
    const report = JSON.parse(stdout);
    expect(report.answer).toBe(report.label);
    expect(report.verified.valid).toBe(true);
    expect(report.refusals).toHaveLength(3);
    const { segments, defended, withdrawn, verified } = report.chain;
    expect(segments.map(({ state }: { state: string }) => state)).toEqual([
      'verified',
      'verified',
      'verified',
    ]);
    expect(new Set(segments.map(({ peerId }: { peerId: string }) => peerId)).size).toBe(2);
    expect(defended).toBeGreaterThanOrEqual(1);
    expect(withdrawn).toHaveLength(2);
    expect(verified).toBe(true);
    expect(await leftBehind()).toEqual([]);
  });

  it('ends its nodes when it is interrupted', async () => {
    const { status, outlived } = await interruptedTessera(['demo', '--progress'], 'is posted', env);
    expect(status).toBe(130);
    expect(outlived).toBe(false);
    expect(await leftBehind()).toEqual([]);
  });

  it('does not leave its nodes running when it is killed', async () => {
    await killedTessera(['demo', '--progress'], 'is posted', env);
  });
});
