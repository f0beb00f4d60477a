/** What runs in the thread of `judge-in-thread.ts`. */
import { answerTask } from '../../../in-thread.ts';
import { type EncodedCheck, judgeProof } from './pairing-check.ts';

await answerTask((check: EncodedCheck) => judgeProof(check));
