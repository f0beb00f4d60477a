import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { limits } from '../../protocol/limits.ts';
import { messageLimits } from '../../protocol/messages/index.ts';

export interface GpuSources {
  /** The program of NVIDIA's driver that lists its GPUs. */
  command: string;
  /** Where the driver lists them under Linux, a directory each. */
  directory: string;
}

const nvidia: GpuSources = { command: 'nvidia-smi', directory: '/proc/driver/nvidia/gpus' };

/** Milliseconds for asking the driver, which hangs where a GPU does. */
const timeout = 3_000;

/** Names of this machine's NVIDIA GPUs, as their driver gives them; none where there is no driver, or it does not answer. */
export async function detectGpus({ command, directory }: GpuSources = nvidia): Promise<string[]> {
  const names = (await listedByCommand(command)) ?? (await listedByDriver(directory));
  return names
    .map((name) => Buffer.from(name.trim()).subarray(0, limits.wordBytes).toString('latin1'))
    .filter((name) => name !== '')
    .slice(0, messageLimits.gpus);
}

async function listedByCommand(command: string): Promise<string[] | undefined> {
  try {
    const { stdout } = await promisify(execFile)(command, ['--query-gpu=name', '--format=csv,noheader'], {
      timeout,
      killSignal: 'SIGKILL',
      maxBuffer: 2 ** 16,
    });
    return stdout.split('\n');
  } catch {
    // It is not there, fails, or hangs: all of that is no GPU to prove with.
    return undefined;
  }
}

async function listedByDriver(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory);
    const texts = await Promise.all(
      entries
        .slice(0, messageLimits.gpus)
        .map((name) => readFile(join(directory, name, 'information'), 'utf8')),
    );
    return texts.flatMap((text) => /^Model:\s*(.+)$/m.exec(text)?.[1] ?? []);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
