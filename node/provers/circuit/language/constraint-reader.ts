import { TesseraError } from '../../../../protocol/errors.ts';
import { FIELD_ORDER } from '../../../../protocol/poseidon2/constants.ts';
import { FIELD_BYTES, readField } from './field-bytes.ts';
import {
  FORMAT_VERSION,
  MAGIC,
  MAX_COEFFICIENTS,
  MAX_PRODUCTS,
  MAX_RANGE_BITS,
  MAX_TERMS,
  MAX_WIRES,
  OPCODE_PERMUTE,
  OPCODE_RANGE,
  OPCODE_ZERO,
  PERMUTATION_WIDTH,
} from './opcodes.ts';

/** An expression as it is stored: `indices` point into the coefficient table. */
export interface StoredLinear {
  wires: Uint32Array;
  indices: Uint32Array;
}

export type Instruction =
  | { kind: 'zero'; products: readonly (readonly [StoredLinear, StoredLinear])[]; rest: StoredLinear }
  | { kind: 'range'; bits: number; value: StoredLinear }
  | { kind: 'permute'; inputs: readonly StoredLinear[]; first: number };

/** A constraint system, its instructions still to be read. */
export interface ConstraintSystem {
  publicWires: number;
  wires: number;
  coefficients: readonly bigint[];
  instructionCount: number;
  /** Reads the instructions in order. @throws TesseraError `ENCODING_INVALID` where the bytes break the format. */
  instructions(): Generator<Instruction>;
}

function invalid(message: string): TesseraError {
  return new TesseraError('ENCODING_INVALID', {
    message: `A constraint system is damaged: ${message}`,
    remedy: 'Compile the circuit again.',
  });
}

class Cursor {
  readonly #bytes: Uint8Array;
  position: number;

  constructor(bytes: Uint8Array, position: number) {
    this.#bytes = bytes;
    this.position = position;
  }

  byte(): number {
    const value = this.#bytes[this.position++];
    if (value === undefined) throw invalid('it ends early');
    return value;
  }

  varint(limit: number, what: string): number {
    let value = 0;
    for (let place = 0; ; place++) {
      const byte = this.byte();
      value += (byte & 127) * 128 ** place;
      if (byte < 128) {
        if (byte === 0 && place > 0) throw invalid(`${what} is not in shortest form`);
        if (value > limit) throw invalid(`${what} is ${value}, more than ${limit}`);
        return value;
      }
      if (place === 4) throw invalid(`${what} is too long`);
    }
  }

  get atEnd(): boolean {
    return this.position === this.#bytes.length;
  }

  get left(): number {
    return this.#bytes.length - this.position;
  }
}

function readLinear(cursor: Cursor, wireCount: number, coefficientCount: number): StoredLinear {
  const count = cursor.varint(MAX_TERMS, 'the number of terms');
  // Two bytes a term at least, so that a false count allocates nothing.
  if (2 * count > cursor.left) throw invalid('an expression ends early');
  const wires = new Uint32Array(count);
  const indices = new Uint32Array(count);
  let wire = 0;
  for (let i = 0; i < count; i++) {
    const step = cursor.varint(wireCount - 1, 'a wire');
    if (i > 0 && step === 0) throw invalid('wires do not ascend');
    wire += step;
    if (wire >= wireCount) throw invalid(`wire ${wire} does not exist`);
    wires[i] = wire;
    indices[i] = cursor.varint(coefficientCount - 1, 'a coefficient');
  }
  return { wires, indices };
}

function readInstruction(cursor: Cursor, wireCount: number, coefficientCount: number): Instruction {
  const linear = (): StoredLinear => readLinear(cursor, wireCount, coefficientCount);
  const opcode = cursor.byte();
  switch (opcode) {
    case OPCODE_ZERO: {
      const count = cursor.varint(MAX_PRODUCTS, 'the number of products');
      const products = Array.from({ length: count }, () => [linear(), linear()] as const);
      return { kind: 'zero', products, rest: linear() };
    }
    case OPCODE_RANGE: {
      const bits = cursor.varint(MAX_RANGE_BITS, 'a width');
      if (bits === 0) throw invalid('a range has no bits');
      return { kind: 'range', bits, value: linear() };
    }
    case OPCODE_PERMUTE: {
      const inputs = Array.from({ length: PERMUTATION_WIDTH }, linear);
      return { kind: 'permute', inputs, first: cursor.varint(wireCount - PERMUTATION_WIDTH, 'a wire') };
    }
    default:
      throw invalid(`opcode ${opcode} is unknown`);
  }
}

/**
 * Reads the head of a constraint system in the binary form of FORMAT.md.
 * @throws TesseraError `ENCODING_INVALID` for bytes that are not one.
 */
export function readConstraints(bytes: Uint8Array): ConstraintSystem {
  const cursor = new Cursor(bytes, 0);
  for (const expected of [...MAGIC, FORMAT_VERSION]) {
    if (cursor.byte() !== expected) throw invalid('it is of another kind or version');
  }
  const publicWires = cursor.varint(MAX_WIRES - 1, 'the number of public wires');
  const wires = cursor.varint(MAX_WIRES, 'the number of wires');
  if (publicWires >= wires) throw invalid('it has more public wires than wires');
  const coefficientCount = cursor.varint(MAX_COEFFICIENTS, 'the number of coefficients');
  if (coefficientCount * FIELD_BYTES > cursor.left) throw invalid('the coefficient table ends early');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const coefficients = Array.from({ length: coefficientCount }, (_, i) =>
    readField(view, cursor.position + i * FIELD_BYTES),
  );
  if (coefficients.some((value) => value === 0n || value >= FIELD_ORDER))
    throw invalid('a coefficient is out of range');
  if (new Set(coefficients).size !== coefficientCount) throw invalid('a coefficient is listed twice');
  cursor.position += coefficientCount * FIELD_BYTES;
  const instructionCount = cursor.varint(2 ** 32 - 1, 'the number of instructions');
  const start = cursor.position;
  return {
    publicWires,
    wires,
    coefficients,
    instructionCount,
    *instructions() {
      const body = new Cursor(bytes, start);
      for (let i = 0; i < instructionCount; i++) yield readInstruction(body, wires, coefficientCount);
      if (!body.atEnd) throw invalid('bytes follow its end');
    },
  };
}
