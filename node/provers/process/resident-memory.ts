import { readFile, writeFile } from 'node:fs/promises';

/**
 * Resident bytes of a process and all its descendants, and the highest value that the kernel has seen of the
 * process itself since {@link resetPeak}. Zero where there is no /proc (outside Linux) or the process has ended.
 */
export async function residentMemory(pid: number): Promise<{ current: number; peak: number }> {
  const own = await statusOf(pid);
  const children = await Promise.all((await childrenOf(pid)).map(residentMemory));
  const current = children.reduce((sum, child) => sum + child.current, own.current);
  return { current, peak: Math.max(current, own.peak) };
}

/** Makes the kernel count the process's peak anew. */
export async function resetPeak(pid: number): Promise<void> {
  // Absent outside Linux, where the peak then is what the samples saw.
  await writeFile(`/proc/${pid}/clear_refs`, '5').catch(ignoreMissing);
}

async function statusOf(pid: number): Promise<{ current: number; peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(ignoreMissing);
  const kibibytes = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
  return { current: 1024 * kibibytes('VmRSS'), peak: 1024 * kibibytes('VmHWM') };
}

async function childrenOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(ignoreMissing);
  return children.split(' ').filter(Boolean).map(Number);
}

/** A process may end between two reads, and /proc refuses what is not ours to see. */
function ignoreMissing(error: NodeJS.ErrnoException): string {
  if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENOTDIR'].includes(error.code ?? '')) return '';
  throw error;
}
