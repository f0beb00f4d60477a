/**
 * Measures what Tessera takes, against whole-model ezkl on the same machine in the same run; see README.md here.
 *
 * @packageDocumentation
 * @example
 * ```sh
 * npm run bench -- --only cnn-small
 * ```
 */
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { readSettings } from '../node/cli/settings.ts';
import { type PartsInit, parts, setup } from '../node/setup/index.ts';
import { mergeResults, readResults, writeResults } from './results.ts';
import { benchmarks, longBenchmarks } from './rows/index.ts';
import { runBenchmarks } from './run.ts';
import { selectBenchmarks } from './selection.ts';
import { resultsTable } from './table.ts';

const directory = join(import.meta.dirname, 'results');
const all = [...benchmarks, ...longBenchmarks];
const order = all.map(({ name }) => name);

interface Flags {
  only?: string[];
  long: boolean;
}

function named(words: string): string[] {
  try {
    return selectBenchmarks(words, order);
  } catch (error) {
    throw error instanceof RangeError ? new InvalidArgumentError(error.message) : error;
  }
}

async function measure({ only, long }: Flags): Promise<void> {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const chosen = only ? all.filter(({ name }) => only.includes(name)) : long ? longBenchmarks : benchmarks;
  const measured: string[] = [];
  try {
    await runBenchmarks(chosen, {
      installation: await install(interruption.signal),
      signal: interruption.signal,
      say: (message) => process.stderr.write(`${message}\n`),
      async onResult(result) {
        if (result.record.error !== undefined) {
          process.stderr.write(`${result.benchmark} could not be measured: ${result.record.error}\n`);
          process.exitCode = 1;
        }
        measured.push(...result.rows.map(({ name }) => name));
        await writeResults(directory, mergeResults(readResults(directory), result, order));
      },
    });
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    process.stderr.write('interrupted; what was finished stays\n');
    process.exitCode = 130;
  }
  const { rows } = readResults(directory);
  process.stdout.write(`${resultsTable(rows.filter(({ name }) => measured.includes(name)))}\n`);
}

/** Sets up what is missing of the provers. */
async function install(signal: AbortSignal): Promise<PartsInit> {
  const installation = readSettings(process.env);
  const outcomes = await setup({ directory: installation.directory, parts: parts(installation), signal });
  for (const part of outcomes) if (part.outcome === 'failed') throw part.error;
  return installation;
}

await new Command('bench')
  .description(
    'Measures time and memory, and writes bench/results/latest.json. npm run docs puts it into the README.',
  )
  .option(
    '--only <names>',
    'only these benchmarks, separated by commas: a name, a row, or what several names begin with',
    named,
  )
  .option('--long', 'the benchmarks that take long', false)
  .action(measure)
  .parseAsync();
