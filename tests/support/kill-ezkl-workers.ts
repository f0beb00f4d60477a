import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Kills this process's ezkl workers again and again, so that one dies at work whenever that begins. */
export async function killEzklWorkers(over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    for (const pid of await ezklWorkers()) if (!over.aborted) kill(pid);
    await sleep(20);
  }
}

async function ezklWorkers(): Promise<number[]> {
  const ps = promisify(execFile)('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)]);
  const lines = (await ps).stdout.split('\n').filter((line) => line.includes('worker.py'));
  return lines.map((line) => Number.parseInt(line, 10));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has ended since.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
