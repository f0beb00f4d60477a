import Table from 'cli-table3';
import type { InspectReport } from '../inspect.ts';
import { columns, remarks } from './columns.ts';

/** An inspection as text for a terminal: a table of layers, and what it holds for. */
export function inspectionText(report: InspectReport): string {
  const table = new Table({
    head: columns.map(({ title }) => title),
    colAligns: columns.map(({ numeric }) => (numeric ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
  });
  table.push(
    ...report.layers.map((layer) => columns.map((column) => column.layer(layer))),
    columns.map((column) => column.total(report.totals)),
  );
  return [table.toString(), ...remarks(report)].join('\n');
}
