/** 32 bytes in lower-case hexadecimal, without prefix. */
export type Hex32 = string;

/** A closed interval of integers; `lo` ≤ `hi`. */
export interface Interval {
  lo: bigint;
  hi: bigint;
}

/**
 * How an edge's values are bound.
 * - `kzg`: ezkl's polycommit; unpadded row values in Lagrange basis, `usableRows` to a column (binding, not hiding, not unique).
 * - `public`: the values themselves are the proof's public inputs.
 */
export type Scheme = { name: 'kzg'; srs: Hex32; k: number; usableRows: number } | { name: 'public' };

/**
 * What an edge carries, in integers. Two ports may be joined only when their types are identical.
 * A value x stands for x / 2^scale. Elements are in row-major order.
 */
export interface EdgeType {
  shape: readonly number[];
  signed: boolean;
  /** Fractional bits, −64..64. */
  scale: number;
  /** The integers both sides prove, or `unproven` (kzg only). */
  interval: Interval | 'unproven';
  scheme: Scheme;
}

/** A box of a tensor: `start` inclusive and `size` per axis. */
export interface Box {
  start: readonly number[];
  size: readonly number[];
}
