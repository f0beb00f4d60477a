import { type CommittedType, commit, packing } from '../../protocol/poseidon2/index.ts';
import { throwIfAborted } from '../abort.ts';
import { runInThread } from '../in-thread.ts';
import type { Poseidon2Task } from './poseidon2-task.ts';

/** Field elements that are hashed at once, before anybody waits for this node: about 50 ms of work. */
const maxHere = 512;

/**
 * A `poseidon2` commitment. That of a large tensor is computed in a thread of its own: it takes seconds in which a node
 * would answer nobody.
 *
 * @throws TesseraError as {@link commit}, or `ABORTED`
 */
export async function commitPoseidon2(
  { shape, signed, scale, interval }: CommittedType,
  values: readonly bigint[],
  blinding: bigint | undefined,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  throwIfAborted(signal);
  const type = { shape, signed, scale, interval };
  const elements = values.length / packing(interval).perElement;
  if (elements <= maxHere) return commit(type, values, blinding);
  const task: Poseidon2Task = { type, values, blinding };
  return runInThread('./poseidon2-task', import.meta.url, task, { what: 'Committing to a tensor', signal });
}
