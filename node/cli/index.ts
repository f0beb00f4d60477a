/**
 * The command line: one file a verb in `commands/`. Only this folder reads the environment and builds the node.
 * @packageDocumentation
 */
import { main } from './main.ts';

process.exitCode = await main(process.argv.slice(2), process);
