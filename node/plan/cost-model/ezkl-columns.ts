import type { EzklParams } from '../../provers/ezkl/parameters.ts';

/** The part of a circuit's parameters that its columns depend on. */
export type ColumnParams = Pick<EzklParams, 'k' | 'innerColumns'>;

/** Rows at the end of each column that hold no values. */
const reservedRows = 16;
export const fieldBytes = 32;

/** How often the columns of a layout are repeated, for rows that one column cannot hold. */
export function columnBlocks(rows: number, { k }: Pick<EzklParams, 'k'>): number {
  return Math.max(1, Math.ceil(rows / (2 ** k - reservedRows)));
}

/**
 * How many times longer than a column its extension is, in which halo2 divides by the vanishing polynomial: the
 * constraints' degree grows with the inner columns, and the next power of two counts.
 */
function extension(innerColumns: number): number {
  return Math.max(4, 2 ** Math.ceil(Math.log2(innerColumns + 1)));
}

/** Bytes that one column takes in a proving key: as values, as coefficients, and extended (halo2's `ProvingKey`). */
export function columnBytes({ k, innerColumns }: ColumnParams): number {
  return fieldBytes * 2 ** k * (2 + extension(innerColumns));
}

/** What the number of columns is linear in: 1, repetitions of the layout, and their inner columns. */
export function columnFeatures(rows: number, params: ColumnParams): [number, number, number] {
  const blocks = columnBlocks(rows, params);
  return [1, blocks, blocks * params.innerColumns];
}
