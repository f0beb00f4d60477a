import { TesseraError } from '../../../protocol/errors.ts';

/** What the plan decides about one circuit. */
export interface EzklParams {
  /** log2 of the circuit's rows; the same for all circuits whose edges are to be linked. */
  k: number;
  /** Fractional bits of the weights, and of the inputs of the whole. */
  scale: number;
  /** Values are range-checked as `decompLegs` digits of this base. */
  decompBase: number;
  decompLegs: number;
  /** Columns that one operation is laid out over. */
  innerColumns: number;
}

/** Base 1024 in 3 digits fits tables of small circuits and holds values up to 2^30. */
export const defaultEzklParams: Omit<EzklParams, 'k'> = {
  scale: 7,
  decompBase: 1024,
  decompLegs: 3,
  innerColumns: 2,
};

/** Rows at the end of each column that hold no values: halo2's blinding and ezkl's reserve. */
const reservedRows = 16;
const limits = {
  k: [6, 24],
  scale: [0, 24],
  decompBase: [2, 2 ** 20],
  decompLegs: [1, 16],
  innerColumns: [1, 64],
} as const;

/** @throws TesseraError `USAGE` for parameters that no circuit can have */
export function checkParams(params: EzklParams): void {
  for (const [name, [lo, hi]] of Object.entries(limits)) {
    const value = params[name as keyof EzklParams];
    if (!Number.isInteger(value) || value < lo || value > hi) {
      throw new TesseraError('USAGE', {
        message: `ezkl: ${name} is ${value}, not an integer from ${lo} to ${hi}`,
        remedy: `Give a whole number from ${lo} to ${hi}.`,
        details: { name, value, lo, hi },
      });
    }
  }
  if (params.decompBase > 2 ** params.k - reservedRows) {
    throw new TesseraError('USAGE', {
      message: `ezkl: the table of ${params.decompBase} digits does not fit 2^${params.k} rows`,
      remedy: 'Choose a larger k or a smaller base.',
    });
  }
}

/** A circuit's parameters as a recipe keeps them: JSON with sorted keys. */
export function formatParams(params: EzklParams): string {
  return JSON.stringify(params, Object.keys(params).sort());
}

/** Longer than any text that `formatParams` makes. */
const maxParamsLength = 256;

/**
 * Reads what `formatParams` wrote, and nothing else.
 *
 * @throws TesseraError `ENCODING_INVALID` for any other text, `USAGE` for parameters that no circuit can have
 */
export function parseParams(text: string): EzklParams {
  const invalid = (cause?: unknown) =>
    new TesseraError('ENCODING_INVALID', {
      message: `ezkl: ${JSON.stringify(text.slice(0, maxParamsLength))} are not a circuit's parameters`,
      ...(cause === undefined ? {} : { cause }),
    });
  if (text.length > maxParamsLength) throw invalid();
  let params: EzklParams;
  try {
    const { k, scale, decompBase, decompLegs, innerColumns } = JSON.parse(text);
    params = { k, scale, decompBase, decompLegs, innerColumns };
  } catch (cause) {
    throw invalid(cause);
  }
  checkParams(params);
  if (formatParams(params) !== text) throw invalid();
  return params;
}

/** The largest magnitude that a circuit's decomposed values can have. */
export function largestValue(params: Pick<EzklParams, 'decompBase' | 'decompLegs'>): bigint {
  return BigInt(params.decompBase) ** BigInt(params.decompLegs) - 1n;
}

/** What a circuit takes, known before it has keys. */
export interface CircuitSize {
  /** Cells in one column if there were one only. */
  rows: number;
  /** Public values. */
  instances: number;
}

/** Measured on segments of 2,800 to 36,400 rows at k=13: bytes of the proving key, and the peak of making it. */
const keyBytes = { perRowOfSize: 3_700, perCell: 1_300 };
const setupPeak = { perKeyByte: 3, base: 120e6 };

/** Bytes that making a circuit's keys is expected to take at its peak; rather too much than too little. */
export function setupMemory({ rows }: CircuitSize, { k, innerColumns }: EzklParams): number {
  const key = keyBytes.perRowOfSize * 2 ** k + keyBytes.perCell * rows * innerColumns;
  return setupPeak.base + setupPeak.perKeyByte * key;
}
