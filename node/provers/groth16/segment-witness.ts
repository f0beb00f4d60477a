import { runInThread } from '../../in-thread.ts';
import { type Execution, generateWitness } from '../circuit/index.ts';
import type { CallOptions } from '../prover.ts';
import type { OpenSegmentCircuit } from './segment-circuit.ts';
import type { WitnessTask } from './witness-task.ts';

/** Constraints whose wires are filled before anybody waits for this node: about 50 ms of work. */
const maxHere = 50_000;

/**
 * The bytes of a witness. Those of a large circuit are computed in a thread of their own: its ports' commitments alone
 * take seconds.
 *
 * @throws TesseraError as {@link generateWitness}, and `MEMORY_EXCEEDED`, `ABORTED`
 */
export async function segmentWitness(
  { circuit, path }: Pick<OpenSegmentCircuit, 'circuit' | 'path'>,
  execution: Execution,
  { signal }: Pick<CallOptions, 'signal'> = {},
): Promise<Uint8Array> {
  if (circuit.constraintCount <= maxHere) return generateWitness(circuit, execution).bytes;
  const task: WitnessTask = { circuit: path, execution };
  return runInThread('./witness-task', import.meta.url, task, { what: 'Filling the witness', signal });
}
