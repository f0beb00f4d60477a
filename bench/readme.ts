import { join } from 'node:path';
import { type Results, readResults } from './results.ts';
import { resultsTable } from './table.ts';

/** The latest results, for the README. */
export function latestFigures(): string {
  return figures(readResults(join(import.meta.dirname, 'results')));
}

/** The results' table, and where and when it was measured. */
export function figures(results: Results): string {
  return `${resultsTable(results.rows)}\n\n${origins(results)}`;
}

/** One sentence for each machine, set of versions and day that rows come from. */
function origins({ runs }: Results): string {
  const lines = Object.values(runs).map(
    ({ machine, versions, date }) => `${describe(machine)}; ${describe(versions)}; ${date.slice(0, 10)}.`,
  );
  return [...new Set(lines)].map((line) => `Measured on ${line}`).join('\n');
}

function describe(facts: object): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
