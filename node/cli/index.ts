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

const status = await main(process.argv.slice(2), process);
await Promise.all([process.stdout, process.stderr].map(written));
// All is closed: libp2p leaves timers that would keep the process for two seconds more.
process.exit(status);

/** Resolves when all that was written is with the system, or nobody reads it any more. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writable) stream.write('', () => resolve());
    else resolve();
  });
}
