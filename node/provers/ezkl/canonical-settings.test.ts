import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithEzkl, requireEzklPython } from '../../../tests/support/ezkl-python.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ezkl-settings-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** What worker.py makes of settings that ezkl wrote. */
async function canonical(settings: object): Promise<string> {
  const path = join(directory, 'settings.json');
  await writeFile(path, JSON.stringify(settings));
  const program =
    'import sys; sys.path.insert(0, sys.argv[1]); import worker; worker.canonical_settings(sys.argv[2])';
  await promisify(execFile)(requireEzklPython(), ['-B', '-c', program, import.meta.dirname, path]);
  return readFile(path, 'utf8');
}

/** As ezkl wrote them for one max-pooling on three columns, twice: its threads count other rows each time. */
const settings = {
  run_args: { num_inner_cols: 3 },
  num_rows: 12_118,
  total_assignments: 36_354,
  einsum_params: { equations: [['ab,ab->a', { a: 3, b: 3 }]] },
  required_range_checks: [
    [-1, 1],
    [0, 1_023],
  ],
  required_lookups: [],
  timestamp: 1,
};

describeWithEzkl('the settings of one circuit', () => {
  it('are the same whatever ezkl’s threads raced for', async () => {
    const again = {
      ...settings,
      num_rows: 12_120,
      einsum_params: { equations: [['ab,ab->a', { b: 3, a: 3 }]] },
      required_range_checks: settings.required_range_checks.toReversed(),
      timestamp: 2,
    };
    expect(await canonical(again)).toBe(await canonical(settings));
  });

  it('differ where the circuits do', async () => {
    const other = { ...settings, total_assignments: 36_357 };
    expect(await canonical(other)).not.toBe(await canonical(settings));
  });
});
