import { Command } from 'commander';
import type { Context } from '../../node/cli/context.ts';
import { verbs } from '../../node/cli/main.ts';
import { Output } from '../../node/cli/output.ts';
import { readSettings } from '../../node/cli/settings.ts';

/** The command line's verbs and what they do, as its help says, in a table. */
export function verbTable(): string {
  const program = new Command('tessera');
  // They only declare themselves; none is run.
  const context: Context = {
    settings: readSettings({}),
    output: new Output({ stdout: process.stdout, stderr: process.stderr, json: false, progress: false }),
    signal: new AbortController().signal,
    exitStatus: 0,
  };
  for (const verb of verbs) verb(program, context);
  const rows = program.commands.map((verb) => [usage(verb), verb.description()]);
  return table(['verb', 'what it does'], rows);
}

function usage(verb: Command): string {
  const actions = verb.commands.map((action) => action.name());
  const rest = actions.length > 0 ? actions.join('|') : verb.usage().replace('[options]', '');
  return `\`${`tessera ${verb.name()} ${rest}`.replace(/ +/g, ' ').trim()}\``;
}

/** Columns as wide as their widest cell, which is how the formatter has them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[], fill = ' ') =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(' | ')} |`;
  const [first = [], ...others] = cells;
  return [
    line(first),
    line(
      head.map(() => ''),
      '-',
    ),
    ...others.map((row) => line(row)),
  ].join('\n');
}
