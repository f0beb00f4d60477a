import { FIELD_ORDER } from '../../../../protocol/poseidon2/constants.ts';
import { permute, type State } from '../../../../protocol/poseidon2/permutation.ts';
import { type Instruction, readConstraints, type StoredLinear } from './constraint-reader.ts';
import { FIELD_BYTES, readField } from './field-bytes.ts';

/** The first assertion that a witness breaks. */
export interface Violation {
  /** Position of the instruction, from 0; −1 when the witness itself is malformed. */
  instruction: number;
  kind: Instruction['kind'] | 'witness';
  reason: string;
}

/**
 * Checks a witness against a constraint system, by the definitions of FORMAT.md and nothing else: the oracle that
 * gadgets and backends are tested against.
 * @returns the first violation, or `undefined` when every assertion holds.
 * @throws TesseraError `ENCODING_INVALID` for malformed constraints.
 */
export function firstViolation(constraints: Uint8Array, witness: Uint8Array): Violation | undefined {
  const system = readConstraints(constraints);
  const malformed = (reason: string): Violation => ({ instruction: -1, kind: 'witness', reason });
  if (witness.length !== system.wires * FIELD_BYTES) {
    return malformed(`it has ${witness.length} bytes for ${system.wires} wires`);
  }
  const view = new DataView(witness.buffer, witness.byteOffset, witness.byteLength);
  const values = Array.from({ length: system.wires }, (_, i) => readField(view, i * FIELD_BYTES));
  if (values[0] !== 1n) return malformed('wire 0 is not 1');
  const large = values.findIndex((value) => value >= FIELD_ORDER);
  if (large >= 0) return malformed(`wire ${large} is not below r`);

  const evaluate = ({ wires, indices }: StoredLinear): bigint => {
    let sum = 0n;
    for (let i = 0; i < wires.length; i++) {
      sum += (system.coefficients[indices[i] as number] as bigint) * (values[wires[i] as number] as bigint);
    }
    return sum % FIELD_ORDER;
  };
  const broken = (instruction: Instruction): string | undefined => {
    switch (instruction.kind) {
      case 'zero': {
        const products = instruction.products.reduce(
          (sum, [left, right]) => sum + evaluate(left) * evaluate(right),
          0n,
        );
        const result = (products + evaluate(instruction.rest)) % FIELD_ORDER;
        return result === 0n ? undefined : `the sum is ${result}`;
      }
      case 'range': {
        const value = evaluate(instruction.value);
        return value < 1n << BigInt(instruction.bits)
          ? undefined
          : `${value} needs more than ${instruction.bits} bits`;
      }
      case 'permute': {
        const [a, b, c, d] = instruction.inputs.map(evaluate);
        const result = permute([a, b, c, d] as State);
        const lane = result.findIndex((value, i) => value !== values[instruction.first + i]);
        return lane < 0 ? undefined : `lane ${lane} differs from the permutation`;
      }
    }
  };
  let index = 0;
  for (const instruction of system.instructions()) {
    const reason = broken(instruction);
    if (reason !== undefined) return { instruction: index, kind: instruction.kind, reason };
    index++;
  }
  return undefined;
}
