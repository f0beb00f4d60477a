import type { EzklParams } from '../../provers/ezkl/parameters.ts';
import type { EzklSize } from './ezkl-size.ts';

/** The part of a circuit's parameters that its columns depend on. */
export type ColumnParams = Pick<EzklParams, 'k' | 'innerColumns'>;

/** Rows at the end of each column that hold no values. */
export const reservedRows = 16;
/** Values that ezkl's tables hold unless they are calibrated: −32768 … 32768. */
const tableValues = 2 ** 16 + 1;
export const fieldBytes = 32;

/** How often the columns of a layout are repeated, for rows that one column cannot hold. */
export function columnBlocks(rows: number, { k }: Pick<EzklParams, 'k'>): number {
  return Math.max(1, Math.ceil(rows / (2 ** k - reservedRows)));
}

/** Columns that one table of function values is split over. */
function columnsPerTable({ k }: ColumnParams): number {
  return Math.ceil(tableValues / (2 ** k - reservedRows));
}

/**
 * How many times longer than a column its extension is, in which halo2 divides by the vanishing polynomial: the
 * constraints' degree grows with the inner columns, with the columns that a table is split over, and with sorting; the
 * next power of two counts.
 */
function extension({ tables = 0, shuffles = false }: EzklSize, params: ColumnParams): number {
  const degree = Math.max(params.innerColumns, tables > 0 ? columnsPerTable(params) : 0);
  return Math.max(shuffles ? 8 : 4, 2 ** Math.ceil(Math.log2(degree + 1)));
}

/** Bytes that one column takes in a proving key: as values, as coefficients, and extended (halo2's `ProvingKey`). */
export function columnBytes(size: EzklSize, params: ColumnParams): number {
  return fieldBytes * 2 ** params.k * (2 + extension(size, params));
}

/** What the number of columns is linear in: 1, repetitions of the layout, their inner columns, tables, and sorting. */
export function columnFeatures(size: EzklSize, params: ColumnParams): number[] {
  const blocks = columnBlocks(size.rows, params);
  return [
    1,
    blocks,
    blocks * params.innerColumns,
    (size.tables ?? 0) * columnsPerTable(params),
    size.shuffles === true ? 1 : 0,
  ];
}

/**
 * What memory and time are linear in: 1, the bytes of the proving key, and those of the lookups: one for each column of
 * a table and each column that looks up in it.
 */
export function workFeatures(size: EzklSize, params: ColumnParams, provingKeyBytes: number): number[] {
  const [, , columns = 0, tables = 0] = columnFeatures(size, params);
  return [1, provingKeyBytes, tables * columns * columnBytes(size, params)];
}
