/** What runs in the thread of `circuit-compiler.ts`. */
import { serialize } from 'node:v8';
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

export default async function compile({ source, params }: CompileTask): Promise<CompileAnswer> {
  try {
    const { circuit, constraints } = await compileSegment(source, params);
    return { circuit: serialize(circuit), constraints };
  } catch (error) {
    if (error instanceof TesseraError) return { error: error.toJSON() };
    throw error;
  }
}
