/**
 * The command line: one file a verb in `commands/`. Only this folder reads the environment and builds the node.
 * @packageDocumentation
 */
import { main } from './main.ts';

// Whoever reads may stop to, as `head` does: the work goes on, and ends with its own status.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

process.exitCode = await main(process.argv.slice(2), process);
