import { fileURLToPath } from 'node:url';
import { ezklVersion } from '../../node/provers/ezkl/version.ts';
import { ProverProcess } from '../../node/provers/process/prover-process.ts';
import { ezklPython } from './ezkl-python.ts';
import { measuredRequest, type Taken, taken } from './measured-worker.ts';

/** Asks ezkl's worker; see worker.py. */
export type EzklRequest = (operation: string, parameters: object) => Promise<Taken>;

/** Starts ezkl's worker, hands it to `use`, and ends it: in a process of its own, a step's peak is its own. */
export async function inFreshWorker<T>(
  directory: string,
  use: (request: EzklRequest) => Promise<T>,
): Promise<T> {
  const worker = new ProverProcess({
    name: 'ezkl',
    command: ezklPython(),
    args: ['-I', '-B', fileURLToPath(new URL('../../node/provers/ezkl/worker.py', import.meta.url))],
    version: ezklVersion,
    env: { HOME: directory },
    cwd: directory,
  });
  try {
    return await use(async (operation, parameters) =>
      taken(await measuredRequest(worker, operation, parameters)),
    );
  } finally {
    await worker.close();
  }
}
