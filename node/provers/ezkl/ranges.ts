import { TesseraError } from '../../../protocol/errors.ts';
import type { Circuit } from '../../../protocol/manifest.ts';
import { type EzklParams, largestValue } from './parameters.ts';
import { readLookups } from './witness-files.ts';

/** Refuses, before anything is run, inputs that the circuit cannot hold. */
export function requireInRange(
  circuit: Circuit,
  params: EzklParams,
  inputs: readonly (readonly bigint[])[],
): void {
  if (inputs.length !== circuit.inputs.length) {
    throw new TesseraError('INPUT_INVALID', {
      message: `The segment takes ${circuit.inputs.length} inputs, not ${inputs.length}`,
    });
  }
  const largest = largestValue(params);
  circuit.inputs.forEach(({ shape, interval }, port) => {
    const values = inputs[port] ?? [];
    const size = shape.reduce((a, b) => a * b, 1);
    if (values.length !== size) {
      throw new TesseraError('INPUT_INVALID', {
        message: `Input ${port} has ${values.length} elements instead of ${size}`,
      });
    }
    const { lo, hi } = interval === 'unproven' ? { lo: -largest, hi: largest } : interval;
    const index = values.findIndex((value) => value < lo || value > hi);
    if (index >= 0) {
      throw new TesseraError('RANGE_EXCEEDED', {
        message: `Input ${port}, element ${index}: ${values[index]} is outside ${lo} to ${hi}`,
        remedy: 'Choose a smaller scale, or more digits for range checks.',
        details: { port, index, value: String(values[index]), lo: String(lo), hi: String(hi) },
      });
    }
  });
}

/** ezkl makes witnesses whose values its tables do not hold, and finds out when it has proven them. */
export function requireInTables(witness: string, settings: string): void {
  const { lo, hi } = readLookups(witness);
  const { run_args: run } = JSON.parse(settings) as { run_args: { lookup_range: [number, number] } };
  const [least, most] = run.lookup_range;
  if (lo >= least && hi <= most) return;
  throw new TesseraError('RANGE_EXCEEDED', {
    message: `A value inside the segment, ${lo < least ? lo : hi}, is outside its tables, ${least} to ${most}`,
    remedy: 'Choose a smaller scale.',
    details: { lo: String(lo), hi: String(hi), least: String(least), most: String(most) },
  });
}

/** ezkl's words for a value inside the circuit that its range checks cannot hold. */
export function explainRange(error: unknown): unknown {
  if (!(error instanceof TesseraError) || error.code !== 'PROVER_FAILED') return error;
  const value = /integer (-?\d+) is too large to be represented by base \d+ and n \d+/.exec(error.message);
  if (value === null) return error;
  return new TesseraError('RANGE_EXCEEDED', {
    message: `A value inside the segment leaves the circuit's range: ${value[0]}`,
    remedy: 'Choose a smaller scale, or more digits for range checks.',
    details: { value: value[1] },
    cause: error,
  });
}
