import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mergeResults, type Results, readResults, writeResults } from './results.ts';
import { judge } from './row.ts';

const record = { date: '2026-01-02T03:04:05.000Z', commit: 'abc', machine: {}, versions: {} };
const row = (name: string, value: number) => judge({ name, unit: 's', value });
const result = (benchmark: string, figures: Record<string, number>, date = record.date) => ({
  benchmark,
  rows: Object.entries(figures).map(([figure, value]) => row(`${benchmark}/${figure}`, value)),
  record: { ...record, date },
});
const none: Results = { rows: [], runs: {} };

describe('mergeResults', () => {
  it('replaces all rows of one benchmark, with its record, and leaves the others as they are', () => {
    const order = ['a', 'b'];
    const first = mergeResults(
      mergeResults(none, result('b', { time: 1, memory: 2 }), order),
      result('a', { time: 3 }),
      order,
    );
    expect(first.rows.map(({ name }) => name)).toEqual(['a/time', 'b/time', 'b/memory']);

    const merged = mergeResults(first, result('b', { memory: 4 }, 'later'), order);
    expect(merged.rows).toEqual([row('a/time', 3), row('b/memory', 4)]);
    expect(merged.runs.a?.date).toBe(record.date);
    expect(merged.runs.b?.date).toBe('later');
  });

  it('does not take a benchmark for another whose name it begins with', () => {
    const merged = mergeResults(
      mergeResults(none, result('lenet', { time: 1 }), []),
      result('len', { time: 2 }),
      [],
    );
    expect(merged.rows).toHaveLength(2);
  });
});

describe('results on disk', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tessera-results-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('are none before the first run, and read back after it', async () => {
    const target = join(directory, 'new');
    expect(readResults(target)).toEqual(none);
    const results = mergeResults(none, result('a', { time: 1 }), ['a']);
    await writeResults(target, results);
    expect(readResults(target)).toEqual(results);
    expect(await readdir(target)).toHaveLength(2);
  });

  it('are an array of rows under the names that scripts rely on', async () => {
    await writeResults(directory, mergeResults(none, result('a', { time: 1 }), ['a']));
    const rows = JSON.parse(await readFile(join(directory, 'latest.json'), 'utf8'));
    expect(rows.map(Object.keys)).toEqual([
      ['name', 'unit', 'value', 'baseline', 'ratio', 'fidelity', 'mark', 'holds'],
    ]);
  });

  it('are not overwritten where they cannot be read', async () => {
    await writeFile(join(directory, 'latest.json'), '[');
    expect(() => readResults(directory)).toThrow(SyntaxError);
  });
});
