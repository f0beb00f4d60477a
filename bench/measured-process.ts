import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { watchProcessTree } from './process-tree.ts';

export interface MeasuredProcess {
  /** From its start to its end. */
  seconds: number;
  peakBytes: number;
  stdout: string;
}

export interface ProcessOptions {
  cwd?: string;
  env?: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
}

/** How much of a failed process's last words an error carries. */
const shownOutput = 2000;

/**
 * Runs a program to its end and measures its whole process tree.
 * @throws Error with its last words when it fails
 */
export async function measureProcess(
  command: string,
  args: readonly string[],
  { cwd, env, signal }: ProcessOptions,
): Promise<MeasuredProcess> {
  const started = performance.now();
  const child = spawn(command, args, {
    cwd,
    env: env as NodeJS.ProcessEnv | undefined,
    signal,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'close');
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const watch = child.pid === undefined ? undefined : watchProcessTree(child.pid);
  try {
    const [[status, killedBy], [stdout, stderr]] = await Promise.all([exited, output]);
    const seconds = (performance.now() - started) / 1000;
    if (status !== 0) {
      const words = `${stdout.slice(-shownOutput)}\n${stderr.slice(-shownOutput)}`.trim();
      throw new Error(`${[command, ...args].join(' ')} ended with ${killedBy ?? status}:\n${words}`);
    }
    return { seconds, peakBytes: watch?.stop().peakBytes ?? 0, stdout };
  } finally {
    watch?.stop();
  }
}
