/** What runs in the thread of `commit-poseidon2.ts`. */
import { type CommittedType, commit } from '../../protocol/poseidon2/index.ts';
import { answerTask } from '../in-thread.ts';

export interface Poseidon2Task {
  type: CommittedType;
  values: readonly bigint[];
  blinding: bigint | undefined;
}

await answerTask(({ type, values, blinding }: Poseidon2Task) => commit(type, values, blinding));
