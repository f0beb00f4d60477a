/** What runs in the thread of `compile-in-thread.ts`. */
import { serialize } from 'node:v8';
import { answerTask } from '../../in-thread.ts';
import type { SegmentSource } from '../prover.ts';
import { compileSegment } from './compile-segment.ts';
import type { Groth16Params } from './parameters.ts';

export interface CompileTask {
  source: SegmentSource;
  params: Groth16Params;
}

await answerTask(async ({ source, params }: CompileTask) => {
  const { circuit, constraints } = await compileSegment(source, params);
  return { circuit: serialize(circuit), constraints };
});
