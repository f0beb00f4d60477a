import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { TesseraError } from '../../../protocol/errors.ts';
import { findRunningNode } from '../../api/client.ts';
import { removable, uninstall } from '../../setup/index.ts';
import { nodeFiles } from '../../store/node-files.ts';
import type { Context } from '../context.ts';
import { addVerb } from '../verb.ts';

/** `tessera uninstall`: removes what the program keeps in its data directory, and nothing else. */
export function uninstallVerb(program: Command, context: Context): void {
  addVerb(program, {
    usage: 'uninstall',
    description: 'Remove what this program keeps in its data directory. (The program itself: npm uninstall.)',
    examples: ['tessera uninstall', 'tessera uninstall --yes --json'],
  })
    .option('--yes', 'do not ask')
    .action(async ({ yes = false }: { yes?: boolean }) => {
      const { settings, output, signal } = context;
      const { directory } = settings;
      await requireNoNode(directory.node, signal);
      const entries = await removable(directory);
      for (const { path, what } of entries) output.note(`${path}: ${what}`);
      if (entries.length > 0 && !yes && !(await confirm(output.json, signal))) {
        output.result({ removed: [] }, 'Nothing was removed.');
        return;
      }
      await uninstall(directory, entries);
      output.result(
        { removed: entries.map(({ path }) => path) },
        entries.length === 0 ? `${directory.root} holds nothing of this program.` : 'Removed.',
      );
    });
}

/** @throws TesseraError `NODE_RUNNING`: its files are not taken from under it */
async function requireNoNode(directory: string, signal: AbortSignal): Promise<void> {
  if ((await findRunningNode(nodeFiles(directory), signal)) === undefined) return;
  throw new TesseraError('NODE_RUNNING', {
    message: 'A node runs on this data directory',
    remedy: 'Stop it first.',
  });
}

async function confirm(json: boolean, signal: AbortSignal): Promise<boolean> {
  if (json || !process.stdin.isTTY) {
    throw new TesseraError('USAGE', {
      message: 'Nobody can be asked whether to remove this.',
      remedy: 'Add --yes to remove it.',
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test(await terminal.question('Remove all of this? [y/N] ', { signal }));
  } finally {
    terminal.close();
  }
}
