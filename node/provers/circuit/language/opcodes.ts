/** Opcodes and limits of the binary form; FORMAT.md defines them. */
export const MAGIC = new TextEncoder().encode('TSCS');
export const FORMAT_VERSION = 1;

export const OPCODE_ZERO = 0;
export const OPCODE_RANGE = 1;
export const OPCODE_PERMUTE = 2;

/** Lanes of the permutation. */
export const PERMUTATION_WIDTH = 4;

export const MAX_RANGE_BITS = 250;
export const MAX_WIRES = 2 ** 31;
export const MAX_COEFFICIENTS = 2 ** 24;
export const MAX_PRODUCTS = 2 ** 16;
export const MAX_TERMS = 2 ** 24;
