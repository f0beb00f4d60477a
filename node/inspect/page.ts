import type { InspectReport } from '../inspect.ts';
import { columns, remarks } from './columns.ts';
import { drawGraph } from './graph-drawing.ts';
import { escapeHtml } from './html.ts';

const style = `
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem; color: #1c2430; background: #fff; }
.graph { overflow: auto; max-height: 80vh; border: 1px solid #d5dbe3; border-radius: 8px; }
svg { display: block; margin: auto; }
svg rect { stroke: #47566b; }
svg text { text-anchor: middle; font-size: 11px; fill: #1c2430; }
svg .operator { font-weight: 600; font-size: 12px; }
svg polyline { fill: none; stroke: #7a8899; marker-end: url(#arrow); }
svg marker path { fill: #7a8899; }
.wide { overflow-x: auto; margin-top: 1.5rem; }
table { border-collapse: collapse; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #e3e8ee; text-align: left; white-space: nowrap; }
th { background: #f2f5f8; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
tfoot td { font-weight: 600; }
`;

/**
 * An inspection as one page that needs nothing else: the graph of layers, sized and coloured by cost, and the table.
 * It loads nothing and runs no script, and its content security policy says so.
 *
 * @param title what was inspected, e.g. the file's name
 */
export function inspectionPage(report: InspectReport, title: string): string {
  const cells = (tag: 'td' | 'th', texts: readonly string[]) =>
    texts
      .map((text, i) => {
        const column = columns[i];
        const meaning = tag === 'th' && column ? ` title="${escapeHtml(column.meaning)}"` : '';
        return `<${tag}${column?.numeric ? ' class="number"' : ''}${meaning}>${escapeHtml(text)}</${tag}>`;
      })
      .join('');
  const rows = report.layers.map(
    (layer) =>
      `<tr>${cells(
        'td',
        columns.map((column) => column.layer(layer)),
      )}</tr>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}: cost of proving</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${remarks(report)
  .map((remark) => `<p>${escapeHtml(remark)}</p>`)
  .join('\n')}
<p>Larger and redder layers are more expensive; grey ones cannot be proven. Point at a layer for its figures.</p>
<div class="graph">${drawGraph(report.layers)}</div>
<div class="wide"><table>
<thead><tr>${cells(
    'th',
    columns.map(({ title: heading }) => heading),
  )}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
<tfoot><tr>${cells(
    'td',
    columns.map((column) => column.total(report.totals)),
  )}</tr></tfoot>
</table></div>
</body>
</html>
`;
}
