import { ProverProcess } from '../process/prover-process.ts';
import { gnarkVersion } from './build.ts';

/** The Groth16 worker as a process, not started yet. It needs nothing of the environment. */
export function workerProcess(command: string): ProverProcess {
  return new ProverProcess({ name: 'gnark', command, args: [], version: gnarkVersion, env: {} });
}
