/** What runs in the thread of `compile-in-thread.ts`: compiles the segment that it was started with, and answers once. */
import { serialize } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { TesseraError } from '../../../protocol/errors.ts';
import type { SegmentSource } from '../prover.ts';
import { compileSegment } from './compile-segment.ts';
import type { Groth16Params } from './parameters.ts';

export interface CompileTask {
  source: SegmentSource;
  params: Groth16Params;
}

/** Errors travel as JSON: a class does not survive between threads. */
export type CompileAnswer =
  | { circuit: Uint8Array; constraints: Uint8Array }
  | { error: ReturnType<TesseraError['toJSON']> };

async function compile({ source, params }: CompileTask): Promise<CompileAnswer> {
  try {
    const { circuit, constraints } = await compileSegment(source, params);
    return { circuit: serialize(circuit), constraints };
  } catch (error) {
    if (error instanceof TesseraError) return { error: error.toJSON() };
    throw error;
  }
}

parentPort?.postMessage(await compile(workerData as CompileTask));
