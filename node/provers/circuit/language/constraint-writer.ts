import { TesseraError } from '../../../../protocol/errors.ts';
import { ByteSink } from './byte-sink.ts';
import { FIELD_BYTES, reduce, writeField } from './field-bytes.ts';
import { type Coefficient, type Linear, ONE } from './linear.ts';
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

/** Coefficients below this magnitude are looked up in a table rather than a map. */
const SMALL = 1 << 16;

function requireWithin(value: number, limit: number, what: string): void {
  if (value > limit) {
    throw new TesseraError('RANGE_EXCEEDED', {
      message: `A constraint system may have ${limit} ${what}, this one would have ${value}`,
      remedy: 'Cut the model into smaller segments.',
      details: { value, limit },
    });
  }
}

/** Writes a constraint system in the binary form of FORMAT.md, instruction by instruction. */
export class ConstraintWriter {
  readonly #publicWires: number;
  readonly #body = new ByteSink();
  readonly #table: bigint[] = [];
  readonly #smallIndex = new Int32Array(2 * SMALL).fill(-1);
  readonly #largeIndex = new Map<Coefficient, number>();
  #wires: number;
  #instructions = 0;

  /** @param publicWires their number; they are wires 1 to `publicWires`. */
  constructor(publicWires: number) {
    this.#publicWires = publicWires;
    this.#wires = ONE + 1 + publicWires;
  }

  /** Wires so far, wire 0 and the public ones included. */
  get wireCount(): number {
    return this.#wires;
  }

  /** Allocates consecutive private wires and returns the first. */
  wires(count: number): number {
    const first = this.#wires;
    requireWithin(first + count, MAX_WIRES, 'wires');
    this.#wires += count;
    return first;
  }

  /** Σ left·right + rest = 0. */
  zero(products: readonly (readonly [Linear, Linear])[], rest: Linear): void {
    requireWithin(products.length, MAX_PRODUCTS, 'products in an instruction');
    this.#begin(OPCODE_ZERO);
    this.#body.varint(products.length);
    for (const [left, right] of products) {
      this.#linear(left);
      this.#linear(right);
    }
    this.#linear(rest);
  }

  /** 0 ≤ value < 2^bits; for 0 bits, value = 0. */
  range(bits: number, value: Linear): void {
    if (bits === 0) {
      this.zero([], value);
      return;
    }
    requireWithin(bits, MAX_RANGE_BITS, 'bits in a range');
    this.#begin(OPCODE_RANGE);
    this.#body.varint(bits);
    this.#linear(value);
  }

  /** Wires `first` to `first` + 3 are the permutation of the four inputs. */
  permute(inputs: readonly Linear[], first: number): void {
    if (inputs.length !== PERMUTATION_WIDTH) throw new RangeError('The permutation takes four inputs.');
    this.#begin(OPCODE_PERMUTE);
    for (const input of inputs) this.#linear(input);
    this.#body.varint(first);
  }

  /** The whole constraint system. */
  finish(): Uint8Array {
    const header = new ByteSink();
    header.append(MAGIC);
    header.append(Uint8Array.of(FORMAT_VERSION));
    header.varint(this.#publicWires);
    header.varint(this.#wires);
    header.varint(this.#table.length);
    const table = new Uint8Array(this.#table.length * FIELD_BYTES);
    const view = new DataView(table.buffer);
    this.#table.forEach((value, i) => {
      writeField(view, i * FIELD_BYTES, value);
    });
    header.append(table);
    header.varint(this.#instructions);
    const head = header.view();
    const body = this.#body.view();
    const bytes = new Uint8Array(head.length + body.length);
    bytes.set(head);
    bytes.set(body, head.length);
    return bytes;
  }

  #begin(opcode: number): void {
    this.#instructions++;
    this.#body.varint(opcode);
  }

  #linear({ wires, coefficients }: Linear): void {
    const body = this.#body;
    requireWithin(wires.length, MAX_TERMS, 'terms in an expression');
    body.varint(wires.length);
    let previous = 0;
    for (let i = 0; i < wires.length; i++) {
      const wire = wires[i] as number;
      body.varint(wire - previous);
      body.varint(this.#coefficientIndex(coefficients[i] as Coefficient));
      previous = wire;
    }
  }

  #coefficientIndex(coefficient: Coefficient): number {
    if (typeof coefficient === 'number' && coefficient > -SMALL && coefficient < SMALL) {
      const known = this.#smallIndex[coefficient + SMALL] as number;
      if (known >= 0) return known;
      const added = this.#addCoefficient(coefficient);
      this.#smallIndex[coefficient + SMALL] = added;
      return added;
    }
    const value = Number(coefficient);
    if (typeof coefficient === 'bigint' && Number.isSafeInteger(value)) return this.#coefficientIndex(value);
    const known = this.#largeIndex.get(coefficient);
    if (known !== undefined) return known;
    const added = this.#addCoefficient(coefficient);
    this.#largeIndex.set(coefficient, added);
    return added;
  }

  #addCoefficient(coefficient: Coefficient): number {
    requireWithin(this.#table.length + 1, MAX_COEFFICIENTS, 'coefficients');
    return this.#table.push(reduce(BigInt(coefficient))) - 1;
  }
}
