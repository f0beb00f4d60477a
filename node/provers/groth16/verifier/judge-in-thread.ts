import { runInThread } from '../../../in-thread.ts';
import { type EncodedCheck, judgeProof, type ProofVerdict } from './pairing-check.ts';

/** Public inputs that a proof is judged with before anybody waits for this node. */
const maxHere = 256;

/**
 * Judges a proof, in a thread of its own where it has many public inputs: each takes a scalar multiplication. Node only.
 *
 * @throws TesseraError as {@link judgeProof}, and `ABORTED`
 */
export async function judgeInThread(check: EncodedCheck, signal?: AbortSignal): Promise<ProofVerdict> {
  if (check.publicInputs.length <= maxHere) return judgeProof(check);
  return runInThread('./judge-task', import.meta.url, check, { what: 'Checking a proof', signal });
}
