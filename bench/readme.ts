import type { Results } from './results.ts';
import { resultsTable } from './table.ts';

export const markers = {
  start: '<!-- figures: npm run bench -- --readme -->',
  end: '<!-- end of figures -->',
};

/**
 * Puts the results' table, and where it was measured, between the markers of a text.
 * @throws RangeError for a text without the pair of markers
 */
export function fillFigures(text: string, results: Results): string {
  const start = text.indexOf(markers.start);
  const end = text.indexOf(markers.end, start);
  if (start === -1 || end === -1) {
    throw new RangeError(`There are no lines "${markers.start}" and "${markers.end}"`);
  }
  const head = text.slice(0, start + markers.start.length);
  return `${head}\n\n${resultsTable(results.rows)}\n\n${origins(results)}\n\n${text.slice(end)}`;
}

/** One line for each machine and day that rows come from. */
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
