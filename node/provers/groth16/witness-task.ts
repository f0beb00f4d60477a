/** What runs in the thread of `segment-witness.ts`. */
import { answerTask } from '../../in-thread.ts';
import { type Execution, generateWitness } from '../circuit/index.ts';
import { readSegmentCircuit } from './segment-circuit.ts';

export interface WitnessTask {
  /** Path of the circuit. */
  circuit: string;
  execution: Execution;
}

await answerTask(async ({ circuit, execution }: WitnessTask) => {
  return generateWitness(await readSegmentCircuit(circuit), execution).bytes;
});
