import { maxMagnitude } from './field.ts';
import { limits } from './limits.ts';
import { CAPACITY_BITS } from './poseidon2/constants.ts';

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
 * - `poseidon2`: Tessera's own circuits (poseidon2/README.md); `blinded` where a blinding value hides the tensor.
 * - `public`: the values themselves are the proof's public inputs.
 */
export type Scheme =
  | { name: 'kzg'; srs: Hex32; k: number; usableRows: number }
  | { name: 'poseidon2'; blinded: boolean }
  | { name: 'public' };

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

/** Elements of a tensor of this shape; a scalar has one. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, size) => count * size, 1);
}

/** Whether two ports carry the same: only then may they be joined. */
export function sameType(a: EdgeType, b: EdgeType): boolean {
  return (
    a.shape.length === b.shape.length &&
    a.shape.every((size, axis) => size === b.shape[axis]) &&
    a.signed === b.signed &&
    a.scale === b.scale &&
    sameInterval(a.interval, b.interval) &&
    sameScheme(a.scheme, b.scheme)
  );
}

function sameInterval(a: EdgeType['interval'], b: EdgeType['interval']): boolean {
  return a === 'unproven' || b === 'unproven' ? a === b : a.lo === b.lo && a.hi === b.hi;
}

function sameScheme(a: Scheme, b: Scheme): boolean {
  switch (a.name) {
    case 'kzg':
      return b.name === 'kzg' && a.srs === b.srs && a.k === b.k && a.usableRows === b.usableRows;
    case 'poseidon2':
      return b.name === 'poseidon2' && a.blinded === b.blinded;
    case 'public':
      return b.name === 'public';
  }
}

/** What is wrong with an edge type by itself, in words; empty when nothing is. */
export function typeFaults(type: EdgeType): string[] {
  const faults: string[] = [];
  const { shape, interval, scheme } = type;
  if (shape.length > limits.rank) faults.push(`its rank is ${shape.length}, above ${limits.rank}`);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 1 && size <= limits.dimension)) {
    faults.push('a dimension is not a positive integer');
  } else if (elementCount(shape) > limits.elements) {
    faults.push(`it has more than ${limits.elements} elements`);
  }
  if (!Number.isSafeInteger(type.scale) || Math.abs(type.scale) > limits.scale) {
    faults.push(`its scale is not an integer from ${-limits.scale} to ${limits.scale}`);
  }
  if (interval === 'unproven') {
    if (scheme.name !== 'kzg')
      faults.push(`its interval is unproven, which a ${scheme.name} edge may not be`);
  } else {
    if (interval.lo > interval.hi) faults.push('its interval is empty');
    if (interval.lo < -maxMagnitude || interval.hi > maxMagnitude)
      faults.push('its interval leaves the field');
    if (!type.signed && interval.lo < 0n) faults.push('it is unsigned, yet its interval has negative values');
    if (scheme.name === 'poseidon2' && interval.hi - interval.lo >= 1n << BigInt(CAPACITY_BITS))
      faults.push('its interval is too wide to be packed');
  }
  if (scheme.name === 'kzg' && scheme.usableRows > 2 ** scheme.k) {
    faults.push(`${scheme.usableRows} usable rows do not fit 2^${scheme.k}`);
  } else if (scheme.name === 'kzg' && 2 ** scheme.k - scheme.usableRows > limits.unusableRows) {
    faults.push(
      `${scheme.usableRows} usable rows leave more than ${limits.unusableRows} of 2^${scheme.k} unused`,
    );
  }
  return faults;
}
