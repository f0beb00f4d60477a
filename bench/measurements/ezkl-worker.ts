import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ezklVersion } from '../../node/provers/ezkl/version.ts';
import { ProverProcess } from '../../node/provers/process/prover-process.ts';

/** What one request to a prover's process took. */
export interface Taken {
  /** Wall time. */
  seconds: number;
  /** User and system time of the process. */
  cpuSeconds: number;
  peakBytes: number;
}

/** A worker process of ezkl's prover, started for one measurement. */
export class EzklWorker {
  readonly #process: ProverProcess;

  constructor(python: string, directory: string) {
    this.#process = new ProverProcess({
      name: 'ezkl',
      command: python,
      args: ['-I', '-B', fileURLToPath(new URL('../../node/provers/ezkl/worker.py', import.meta.url))],
      version: ezklVersion,
      env: { HOME: directory },
      cwd: directory,
    });
  }

  async request(operation: string, parameters: object): Promise<Taken> {
    await this.#process.identity();
    const before = await this.#cpuSeconds();
    const { seconds, peakBytes } = await this.#process.request(operation, parameters);
    return { seconds, cpuSeconds: (await this.#cpuSeconds()) - before, peakBytes };
  }

  close(): Promise<void> {
    return this.#process.close();
  }

  async #cpuSeconds(): Promise<number> {
    const line = await readFile(`/proc/${this.#process.pid}/stat`, 'utf8');
    // Fields after the name in parentheses; the 14th and 15th of all are user and system time (proc_pid_stat(5)).
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  }
}

/** USER_HZ, which Linux keeps at 100. */
const ticksPerSecond = 100;
