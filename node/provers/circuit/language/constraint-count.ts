import { readConstraints } from './constraint-reader.ts';

/** Constraints of one permutation in R1CS: 88 S-boxes of three products, and four equations for its outputs. */
export const PERMUTATION_CONSTRAINTS = 88 * 3 + 4;

/** What a constraint system costs. */
export interface ConstraintCount {
  /** Rank-one constraints, by the rules of FORMAT.md. */
  constraints: number;
  /** Terms of all expressions. */
  terms: number;
  instructions: number;
}

/** Counts by reading every instruction. @throws TesseraError `ENCODING_INVALID` for malformed constraints. */
export function countConstraints(bytes: Uint8Array): ConstraintCount {
  const system = readConstraints(bytes);
  let constraints = 0;
  let terms = 0;
  for (const instruction of system.instructions()) {
    switch (instruction.kind) {
      case 'zero':
        constraints += Math.max(1, instruction.products.length);
        terms += instruction.rest.wires.length;
        for (const [left, right] of instruction.products) terms += left.wires.length + right.wires.length;
        break;
      case 'range':
        constraints += instruction.bits;
        terms += instruction.value.wires.length;
        break;
      case 'permute':
        constraints += PERMUTATION_CONSTRAINTS;
        terms += instruction.inputs.reduce((sum, input) => sum + input.wires.length, 0);
        break;
    }
  }
  return { constraints, terms, instructions: system.instructionCount };
}
