import type protobuf from 'protobufjs';
import { TesseraError } from '../../../protocol/errors.ts';
import type { ByteSource } from './byte-source.ts';
import { fieldNumber, modelType, tensorType } from './schema.ts';
import { delimited, tag, wireType } from './wire.ts';

/** Tensors of at least this many bytes stay in their file. */
const HELD_BYTES = 16 * 1024;
/** Nested messages; real models with `If` in `If` stay below 20. */
const MAX_DEPTH = 48;
/** Everything but large weights: two hundred times what the largest published graphs need. */
const MAX_SKELETON_BYTES = 256 * 1024 * 1024;
/** Fields in all messages together; bounds what decoding allocates for two-byte fields. */
const MAX_FIELDS = 8_000_000;
/** Bytes of packed varints, each of which becomes an object when it is decoded. */
const MAX_VARINT_BYTES = 16 * 1024 * 1024;
const WINDOW_BYTES = 64 * 1024;

/** Weights whose bytes in the file are exactly the tensor's elements, little-endian. */
const heldFields: ReadonlySet<number> = new Set([
  fieldNumber.tensor.rawData,
  fieldNumber.tensor.floatData,
  fieldNumber.tensor.doubleData,
]);
const varintFields: ReadonlySet<number> = new Set([
  fieldNumber.tensor.int32Data,
  fieldNumber.tensor.int64Data,
  fieldNumber.tensor.uint64Data,
]);
/** Written by this module only; a file that uses these numbers must not forge positions. */
const privateFields: ReadonlySet<number> = new Set([
  fieldNumber.tensor.heldOffset,
  fieldNumber.tensor.heldLength,
]);

/**
 * Copies an ONNX file's `ModelProto` without its large weights: each is replaced by the fields `heldOffset`
 * and `heldLength`, its place in the file. So a file of any size is decoded in little memory, and everything
 * that decoding would allocate has been counted before. Fields that the schema does not know are dropped.
 * Weights inside sub-graphs are copied whole, since sub-graphs are carried on as bytes.
 * @throws TesseraError MODEL_UNREADABLE for bytes that are no ONNX file, are cut off, or exceed a limit.
 */
export function readSkeleton(source: ByteSource): Uint8Array {
  return new SkeletonReader(source).message(0, source.size, modelType, 0, 0);
}

class SkeletonReader {
  readonly #source: ByteSource;
  #window: Uint8Array = new Uint8Array(0);
  #windowAt = 0;
  #fields = 0;
  #bytes = 0;
  #varintBytes = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** The skeleton of the message of a type in [at, end). `graphs` counts the graphs around it. */
  message(start: number, end: number, type: protobuf.Type, depth: number, graphs: number): Uint8Array {
    if (depth > MAX_DEPTH) this.#refuse(start, `messages are nested more than ${MAX_DEPTH} deep`);
    const parts: Uint8Array[] = [];
    const singular = new Set<number>();
    const inGraph = graphs + (type.name === 'GraphProto' ? 1 : 0);
    let at = start;
    while (at < end) {
      const fieldAt = at;
      this.#fields += 1;
      if (this.#fields > MAX_FIELDS) this.#refuse(at, `it has more than ${MAX_FIELDS} fields`);
      const key = this.#varint(at, end);
      const number = Math.floor(key.value / 8);
      const wire = key.value % 8;
      at = key.next;
      let body = at;
      switch (wire) {
        case wireType.varint:
          at = this.#varint(at, end).next;
          break;
        case wireType.fixed64:
          at += 8;
          break;
        case wireType.fixed32:
          at += 4;
          break;
        case wireType.delimited: {
          const length = this.#varint(at, end);
          body = length.next;
          at = body + length.value;
          break;
        }
        default:
          this.#refuse(fieldAt, `wire type ${wire} is not one of protobuf's`);
      }
      if (at > end) this.#refuse(fieldAt, 'a field ends after the message that holds it');

      const field = type.fieldsById[number];
      if (field === undefined || privateFields.has(number)) continue;
      const nested = field.resolvedType;
      if (nested !== null && 'fieldsById' in nested) {
        if (wire !== wireType.delimited)
          this.#refuse(fieldAt, `the field ${type.name}.${field.name} is no message`);
        if (!field.repeated) {
          // Readers disagree on a repeated singular message: some merge, some keep the last.
          if (singular.has(number))
            this.#refuse(fieldAt, `the field ${type.name}.${field.name} is given twice`);
          singular.add(number);
        }
        const content = this.message(body, at, nested, depth + 1, inGraph);
        parts.push(delimited(number, content.length), content);
      } else if (
        wire === wireType.delimited &&
        type === tensorType &&
        this.#isHeld(number, at - body, inGraph)
      ) {
        if (singular.has(fieldNumber.tensor.heldOffset))
          this.#refuse(fieldAt, 'a tensor has its data in two places');
        singular.add(fieldNumber.tensor.heldOffset);
        parts.push(
          double(fieldNumber.tensor.heldOffset, body),
          double(fieldNumber.tensor.heldLength, at - body),
        );
      } else {
        if (type === tensorType && varintFields.has(number)) this.#countVarints(fieldAt, at - body);
        parts.push(this.#copy(fieldAt, at));
      }
    }
    return Buffer.concat(parts);
  }

  #isHeld(number: number, length: number, graphs: number): boolean {
    return graphs <= 1 && length >= HELD_BYTES && heldFields.has(number);
  }

  #countVarints(at: number, length: number): void {
    this.#varintBytes += length;
    if (this.#varintBytes > MAX_VARINT_BYTES) {
      this.#refuse(at, `it has more than ${MAX_VARINT_BYTES} bytes of integers outside raw_data`);
    }
  }

  #copy(start: number, end: number): Uint8Array {
    this.#bytes += end - start;
    if (this.#bytes > MAX_SKELETON_BYTES) {
      this.#refuse(start, `it has more than ${MAX_SKELETON_BYTES} bytes besides its weights`);
    }
    return end - start <= WINDOW_BYTES
      ? new Uint8Array(this.#view(start, end - start))
      : this.#source.read(start, end - start);
  }

  #varint(start: number, end: number): { value: number; next: number } {
    let value = 0;
    for (let i = 0; i < 10; i += 1) {
      const at = start + i;
      if (at >= end) this.#refuse(start, 'it is cut off');
      const byte = this.#view(at, 1)[0] ?? 0;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return { value, next: at + 1 };
    }
    return this.#refuse(start, 'a number has more than ten bytes');
  }

  #view(at: number, length: number): Uint8Array {
    const from = at - this.#windowAt;
    if (from < 0 || from + length > this.#window.length) {
      this.#windowAt = at;
      this.#window = this.#source.read(at, Math.min(WINDOW_BYTES, this.#source.size - at));
      return this.#window.subarray(0, length);
    }
    return this.#window.subarray(from, from + length);
  }

  #refuse(at: number, what: string): never {
    throw new TesseraError('MODEL_UNREADABLE', {
      message: `${this.#source.name} is not a readable ONNX file: ${what} (byte ${at}).`,
      remedy: 'Export or download the model again, and compare its size and digest with the original.',
      details: { file: this.#source.name, byte: at },
    });
  }
}

function double(number: number, value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return Buffer.concat([tag(number, wireType.fixed64), bytes]);
}
