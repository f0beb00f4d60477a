import { join } from 'node:path';
import { packageRoot } from '../../node/package.ts';
import { type MeasuredProcess, measureProcess } from '../measured-process.ts';

/** The command line as it is installed. */
export const program = join(packageRoot, 'bin', 'tessera.js');

export interface CommandOptions {
  /** Data directory. */
  home: string;
  signal: AbortSignal;
}

/** One measured run of the command line, and what it answered. */
export interface CommandRun<T> extends Omit<MeasuredProcess, 'stdout'> {
  answer: T;
}

/** Runs one command line of the program as it is installed, in a process tree of its own. */
export async function runTessera<T>(
  args: readonly string[],
  { home, signal }: CommandOptions,
): Promise<CommandRun<T>> {
  const { stdout, ...measured } = await measureProcess(process.execPath, [program, ...args, '--json'], {
    env: { ...process.env, TESSERA_HOME: home },
    signal,
  });
  return { ...measured, answer: JSON.parse(stdout) as T };
}
