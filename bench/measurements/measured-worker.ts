import { readFile } from 'node:fs/promises';
import type { Answer, ProverProcess } from '../../node/provers/process/prover-process.ts';

/** What one request to a prover's process took. */
export interface Taken {
  /** Wall time. */
  seconds: number;
  /** User and system time of the process. */
  cpuSeconds: number;
  peakBytes: number;
}

/** Asks a prover's process, and says what that took. */
export async function measuredRequest(
  process: ProverProcess,
  operation: string,
  parameters: object,
): Promise<Taken & Pick<Answer, 'value'>> {
  await process.identity();
  const before = await cpuSecondsOf(process.pid);
  const { value, seconds, peakBytes } = await process.request(operation, parameters);
  return { value, seconds, cpuSeconds: (await cpuSecondsOf(process.pid)) - before, peakBytes };
}

/** USER_HZ, which Linux keeps at 100. */
const ticksPerSecond = 100;

async function cpuSecondsOf(pid: number | undefined): Promise<number> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8');
  // Fields after the name in parentheses; the 14th and 15th of all are user and system time (proc_pid_stat(5)).
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Only the figures. */
export function taken({ seconds, cpuSeconds, peakBytes }: Taken): Taken {
  return { seconds, cpuSeconds, peakBytes };
}
