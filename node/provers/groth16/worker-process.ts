import { ProverProcess } from '../process/prover-process.ts';
import { gnarkVersion } from './worker-path.ts';

/** The Groth16 worker as a process, not started yet. It needs nothing of the environment. */
export function workerProcess(command: string): ProverProcess {
  return new ProverProcess({ name: 'gnark', command, args: [], version: gnarkVersion, env: {} });
}
