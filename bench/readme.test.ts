import { describe, expect, it } from 'vitest';
import { figures } from './readme.ts';
import { judge } from './row.ts';
import { resultsTable } from './table.ts';

const mark = { of: 'ratio', atMost: 1 / 3 } as const;
const rows = [
  judge({ name: 'a/time', unit: 's', value: 2, baseline: 400, fidelity: 1, mark }),
  judge({ name: 'a/memory', unit: 'MB', value: 11_400, baseline: 20_000, fidelity: 1, mark }),
  judge({ name: 'b/time', unit: 's', value: 1, baseline: 10, fidelity: 0.9, mark }),
  judge({ name: 'c/time', unit: 's', value: null, mark }),
  judge({ name: 'd/time', unit: 's', value: 0.0123 }),
];
const record = {
  date: '2026-01-02T03:04:05.000Z',
  commit: 'abc',
  machine: { processor: 'P', cores: 2 },
  versions: { ezkl: '1' },
};
const results = { rows, runs: { a: record, b: record } };

function cells(table: string): string[][] {
  return table.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('resultsTable', () => {
  it('prints missed marks as missed, and why', () => {
    const [, , ...lines] = cells(resultsTable(rows));
    expect(lines.map((line) => [line[0], line.at(-1)])).toEqual([
      ['a/time', 'holds'],
      ['a/memory', '**missed**'],
      ['b/time', '**missed** (not faithful)'],
      ['c/time', '**missed** (not measured)'],
      ['d/time', ''],
    ]);
    expect(lines[0]).toEqual([
      'a/time',
      '2 s',
      '400 s',
      '1/200',
      '100 %',
      'at most 1/3 of the baseline',
      'holds',
    ]);
    expect(lines[1]?.slice(1, 4)).toEqual(['11,400 MB', '20,000 MB', '0.57']);
    expect(lines[4]?.[1]).toBe('0.0123 s');
  });
});

describe('figures', () => {
  it('names once each machine, set of versions and day', () => {
    const text = figures({
      ...results,
      runs: { ...results.runs, c: { ...record, date: '2026-01-03T00:00:00Z' } },
    });
    expect(text.split('\n').slice(-2)).toEqual([
      'Measured on processor P, cores 2; ezkl 1; 2026-01-02.',
      'Measured on processor P, cores 2; ezkl 1; 2026-01-03.',
    ]);
    expect(text.startsWith(resultsTable(rows))).toBe(true);
  });
});
