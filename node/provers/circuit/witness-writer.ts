import { FIELD_BYTES, writeField, writeSmall } from './language/field-bytes.ts';

/** Fills a witness in the binary form of FORMAT.md. */
export class WitnessWriter {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  /** @param wires all wires, wire 0 included. */
  constructor(wires: number) {
    this.bytes = new Uint8Array(wires * FIELD_BYTES);
    this.#view = new DataView(this.bytes.buffer);
    this.set(0, 1);
  }

  /** Gives a wire an integer below 2^53 in magnitude. */
  set(wire: number, value: number): void {
    writeSmall(this.#view, wire * FIELD_BYTES, value);
  }

  /** Gives a wire any integer's residue. */
  setField(wire: number, value: bigint): void {
    writeField(this.#view, wire * FIELD_BYTES, value);
  }
}
