import type { Attribute } from './model.ts';

/** An attribute of one integer. */
export const int = (value: number): Attribute => ({ type: 'int', value: BigInt(value) });

/** An attribute of integers, in their order. */
export const ints = (...values: readonly number[]): Attribute => ({
  type: 'ints',
  value: values.map(BigInt),
});

/** An attribute of one float32. */
export const float = (value: number): Attribute => ({ type: 'float', value: Math.fround(value) });
