import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../node/cli/index.ts', import.meta.url));

export interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

interface StartOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Leads a process group of its own, as a command of a terminal does. */
  detached?: boolean;
}

interface Started {
  child: ChildProcess;
  ended: Promise<Ended>;
}

function start(
  command: string,
  args: readonly string[],
  options: StartOptions,
  onStderr?: (text: string) => void,
): Started {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    onStderr?.(stderr);
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
  return { child, ended };
}

/** Runs a program to its end with nothing on standard input. */
export function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  return start(command, args, options).ended;
}

/** Runs `tessera` from its sources. */
export function tessera(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return run(process.execPath, [program, ...args], { env: { ...process.env, ...env } });
}

/**
 * Runs `tessera` and interrupts it, with all processes that it has started, as Ctrl-C in a terminal would.
 *
 * @param when what standard error shows at the moment of the interruption
 * @returns also whether a process of its group outlived it
 */
export async function interruptedTessera(
  args: readonly string[],
  when: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Ended & { outlived: boolean }> {
  const interrupt = (text: string) => {
    if (interrupted || !text.includes(when)) return;
    interrupted = true;
    signalGroup(child, 'SIGINT');
  };
  let interrupted = false;
  const { child, ended } = start(
    process.execPath,
    [program, ...args],
    { env: { ...process.env, ...env }, detached: true },
    interrupt,
  );
  const result = await ended;
  if (!interrupted) throw new Error(`It ended without showing "${when}":\n${result.stderr}`);
  return { ...result, outlived: signalGroup(child, 0) };
}

/**
 * Runs `tessera` and kills it as `kill -9` would, but none of the processes that it has started.
 *
 * @param when what standard error shows at the moment, or what comes true then
 * @returns when all of them have ended, too
 */
export async function killedTessera(
  args: readonly string[],
  when: string | Promise<void>,
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  const { child, ended } = start(
    process.execPath,
    [program, ...args],
    { env: { ...process.env, ...env }, detached: true },
    (text) => {
      if (typeof when === 'string' && text.includes(when)) child.kill('SIGKILL');
    },
  );
  if (typeof when !== 'string') void when.then(() => child.kill('SIGKILL'));
  const { status, stderr } = await ended;
  if (status !== null) throw new Error(`It ended before the moment came to kill it:\n${stderr}`);
  while (signalGroup(child, 0)) await sleep(50);
}

/** @returns whether the group still has a process */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
