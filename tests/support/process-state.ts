import { spawnSync } from 'node:child_process';

/** Whether a process runs; one that has ended and waits for its parent (as an orphan in a container may) does not. */
export function isRunning(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' });
  return /^[^Z\s]/.test(stdout);
}
