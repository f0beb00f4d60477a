import { markdownTable } from 'markdown-table';
import { neededFidelity, type Row } from './row.ts';

/** The rows as a Markdown table. */
export function resultsTable(rows: readonly Row[]): string {
  return markdownTable(
    [
      ['', 'Tessera', 'baseline', 'ratio', 'same class as float', 'mark', ''],
      ...rows.map((row) => [
        row.name,
        withUnit(row.value, row),
        row.baseline === null ? '' : withUnit(row.baseline, row),
        row.ratio === null ? '' : showRatio(row.ratio),
        row.fidelity === null ? '' : `${showNumber(100 * row.fidelity)} %`,
        row.mark ?? '',
        verdict(row),
      ]),
    ],
    { align: ['l', 'r', 'r', 'r', 'r', 'l', 'l'] },
  );
}

function verdict({ holds, value, fidelity }: Row): string {
  if (holds === null) return '';
  if (holds) return 'holds';
  if (value === null) return '**missed** (not measured)';
  return fidelity !== null && fidelity < neededFidelity ? '**missed** (not faithful)' : '**missed**';
}

function withUnit(value: number | null, { unit }: Row): string {
  return value === null ? '—' : `${showNumber(value)} ${unit}`;
}

/** Three digits where there are fewer before the point, and the thousands apart. */
function showNumber(value: number): string {
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString('en-GB', { maximumFractionDigits: Math.min(digits, 4) });
}

function showRatio(ratio: number): string {
  return ratio > 0 && ratio < 0.1 ? `1/${showNumber(1 / ratio)}` : showNumber(ratio);
}
