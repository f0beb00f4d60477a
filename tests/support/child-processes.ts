import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Processes that a test started, and directories of theirs: all end, and go, in `close`. */
export class ChildProcesses {
  readonly #running = new Map<ChildProcess, Promise<void>>();
  readonly #directories = new Set<string>();

  /** Resolves when the process has ended. */
  add(child: ChildProcess): Promise<void> {
    const exited = once(child, 'exit').then(() => void this.#running.delete(child));
    this.#running.set(child, exited);
    return exited;
  }

  /** An empty directory whose name begins with this. */
  async directory(prefix: string): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), prefix));
    this.#directories.add(path);
    return path;
  }

  /** Kills what still runs, as `kill -9` does. */
  async close(): Promise<void> {
    for (const child of this.#running.keys()) child.kill('SIGKILL');
    await Promise.all(this.#running.values());
    await Promise.all([...this.#directories].map((path) => rm(path, { recursive: true, force: true })));
  }
}

/**
 * The first line that a process writes to its standard output.
 *
 * @throws Error where it ends before that
 */
export async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('The process has no pipe for its standard output.');
  const ended = once(child, 'close').then(([status, signal]) => {
    throw new Error(`The process ended with ${status ?? signal} before it said anything.`);
  });
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended]);
  return line as string;
}
