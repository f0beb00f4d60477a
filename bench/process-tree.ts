import { readdirSync, readFileSync } from 'node:fs';

/** The most memory that a process and its descendants held together. */
export interface TreePeak {
  /**
   * The largest sum of resident bytes that a sample saw, or the kernel's own peak of one process where that is larger:
   * samples miss short peaks. Pages that processes share count in each of them, so this is rather too much.
   */
  peakBytes: number;
  /** Sum over processes of the kernel's peak of each (VmHWM): the true peak cannot be above it but for sharing. */
  upperBound: number;
}

export interface TreeWatch {
  /** Ends the sampling. */
  stop(): TreePeak;
}

/** Milliseconds between samples. */
const defaultInterval = 50;

/**
 * Samples the memory of a process and all its descendants, those that were adopted by another process included.
 * Linux only: elsewhere there is no /proc, and the peak is 0.
 */
export function watchProcessTree(root: number, interval: number = defaultInterval): TreeWatch {
  const members = new Map<number, Member>();
  let peakBytes = 0;
  const sample = () => {
    const processes = listProcesses();
    adopt(members, processes, root);
    let sum = 0;
    for (const [pid, member] of members) {
      const memory = processes.get(pid)?.startTime === member.startTime ? readMemory(pid) : undefined;
      if (memory === undefined) continue;
      sum += memory.resident;
      member.peak = Math.max(member.peak, memory.peak);
    }
    peakBytes = Math.max(peakBytes, sum);
  };
  sample();
  const timer = setInterval(sample, interval);
  return {
    stop() {
      clearInterval(timer);
      const peaks = [...members.values()].map(({ peak }) => peak);
      return {
        peakBytes: Math.max(peakBytes, ...peaks),
        upperBound: peaks.reduce((sum, peak) => sum + peak, 0),
      };
    },
  };
}

interface Member {
  /** With the number it names one process for good: numbers are given again. */
  startTime: string;
  peak: number;
}

interface ProcessEntry {
  parent: number;
  startTime: string;
}

/** Adds the root and the descendants of what is already known. */
function adopt(
  members: Map<number, Member>,
  processes: ReadonlyMap<number, ProcessEntry>,
  root: number,
): void {
  const belongs = (pid: number, { parent, startTime }: ProcessEntry): boolean =>
    pid === root || members.get(pid)?.startTime === startTime || isLive(parent);
  const isLive = (pid: number): boolean => {
    const process = processes.get(pid);
    return process !== undefined && belongs(pid, process);
  };
  for (const [pid, process] of processes) {
    if (members.get(pid)?.startTime === process.startTime || !belongs(pid, process)) continue;
    members.set(pid, { startTime: process.startTime, peak: 0 });
  }
}

/** Every process by its number, from /proc/PID/stat: fields 4 and 22 of proc_pid_stat(5). */
function listProcesses(): Map<number, ProcessEntry> {
  const processes = new Map<number, ProcessEntry>();
  for (const name of readProc('.', (path) => readdirSync(path)) ?? []) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const stat = readText(`${pid}/stat`);
    // The second field is the program's name in parentheses, which may hold anything.
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields === undefined) continue;
    processes.set(pid, { parent: Number(fields[1]), startTime: fields[19] ?? '' });
  }
  return processes;
}

function readMemory(pid: number): { resident: number; peak: number } | undefined {
  const status = readText(`${pid}/status`);
  if (status === undefined) return undefined;
  // A process that has ended and was not waited for has neither line.
  const bytes = (field: string) =>
    1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
  return { resident: bytes('VmRSS'), peak: bytes('VmHWM') };
}

function readText(path: string): string | undefined {
  return readProc(path, (full) => readFileSync(full, 'utf8'));
}

/** `undefined` for what has ended since, or what this system does not have. */
function readProc<T>(path: string, read: (path: string) => T): T | undefined {
  try {
    return read(`/proc/${path}`);
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
