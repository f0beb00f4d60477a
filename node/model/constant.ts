import { open } from 'node:fs/promises';
import { TesseraError } from '../../protocol/errors.ts';
import { elementBytes, elementCount } from './element.ts';
import type { Constant, ElementType } from './model.ts';

const CHUNK_BYTES = 1 << 20;

/** Bytes of a constant's elements; strings have none. */
export function constantLength(constant: Constant): number {
  return elementCount(constant.type.shape) * elementBytes(constant.type.element);
}

/**
 * The elements of a constant, little-endian and row-major, in pieces of at most a megabyte or as they lie
 * in memory, so that a large one never has to be held at once.
 * @throws TesseraError STORAGE_FAILED when its file cannot be read.
 */
export async function* constantChunks(constant: Constant): AsyncGenerator<Uint8Array> {
  const { source } = constant;
  switch (source.kind) {
    case 'bytes':
      yield source.bytes;
      return;
    case 'fill': {
      const one = encodeElement(constant.type.element, source.value);
      const total = constantLength(constant);
      const piece = new Uint8Array(Math.min(total, CHUNK_BYTES));
      for (let at = 0; at < piece.length; at += one.length) piece.set(one, at);
      for (let left = total; left > 0; left -= piece.length)
        yield piece.subarray(0, Math.min(left, piece.length));
      return;
    }
    case 'file':
      yield* fileChunks(source.path, source.offset, source.length);
      return;
    case 'strings':
      throw new TesseraError('MODEL_INVALID', {
        message: 'A string tensor is used where numbers are needed.',
      });
  }
}

/** All elements of a constant, little-endian and row-major. The bytes may be shared: do not change them. */
export async function constantBytes(constant: Constant): Promise<Uint8Array> {
  if (constant.source.kind === 'bytes') return constant.source.bytes;
  const bytes = new Uint8Array(constantLength(constant));
  let at = 0;
  for await (const chunk of constantChunks(constant)) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** The elements of a constant of whole numbers (int32, int64 or bool), in order. */
export async function constantIntegers(constant: Constant): Promise<bigint[]> {
  const bytes = await constantBytes(constant);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { element, shape } = constant.type;
  return Array.from({ length: elementCount(shape) }, (_, i) => {
    switch (element) {
      case 'int64':
        return view.getBigInt64(8 * i, true);
      case 'int32':
        return BigInt(view.getInt32(4 * i, true));
      case 'bool':
        return BigInt(view.getUint8(i) !== 0);
      default:
        throw new TesseraError('MODEL_INVALID', { message: `Whole numbers are needed, not ${element}.` });
    }
  });
}

/** The elements of a float32 constant, as a copy of its own. */
export async function constantFloats(constant: Constant): Promise<Float32Array> {
  if (constant.type.element !== 'float32') {
    throw new TesseraError('MODEL_INVALID', { message: `float32 is needed, not ${constant.type.element}.` });
  }
  const bytes = await constantBytes(constant);
  return new Float32Array(new Uint8Array(bytes).buffer);
}

/** A float32 constant of these values. */
export function floatConstant(shape: readonly number[], values: Float32Array): Constant {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { type: { element: 'float32', shape }, source: { kind: 'bytes', bytes } };
}

/** An int64 constant of these values. */
export function integerConstant(shape: readonly number[], values: readonly bigint[]): Constant {
  const bytes = new Uint8Array(BigInt64Array.from(values).buffer);
  return { type: { element: 'int64', shape }, source: { kind: 'bytes', bytes } };
}

/** One element as the little-endian bytes it has in a tensor. */
export function encodeElement(element: ElementType, value: number | bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(elementBytes(element)));
  switch (element) {
    case 'float32':
      view.setFloat32(0, Number(value), true);
      break;
    case 'float64':
      view.setFloat64(0, Number(value), true);
      break;
    case 'int64':
    case 'uint64':
      view.setBigInt64(0, BigInt.asIntN(64, BigInt(value)), true);
      break;
    case 'int32':
    case 'uint32':
      view.setInt32(0, Number(BigInt.asIntN(32, BigInt(value))), true);
      break;
    case 'int16':
    case 'uint16':
      view.setInt16(0, Number(value), true);
      break;
    case 'int8':
    case 'uint8':
    case 'bool':
      view.setInt8(0, Number(value));
      break;
    default:
      throw new TesseraError('INTERNAL', { message: `A fill of type ${element} is not kept symbolic.` });
  }
  return new Uint8Array(view.buffer);
}

/** One element read from the little-endian bytes of a tensor, or `undefined` for types that fills do not carry. */
export function decodeElement(element: ElementType, bytes: Uint8Array): number | bigint | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (element) {
    case 'float32':
      return view.getFloat32(0, true);
    case 'float64':
      return view.getFloat64(0, true);
    case 'int64':
      return view.getBigInt64(0, true);
    case 'uint64':
      return view.getBigUint64(0, true);
    case 'int32':
      return view.getInt32(0, true);
    case 'uint32':
      return view.getUint32(0, true);
    case 'int16':
      return view.getInt16(0, true);
    case 'uint16':
      return view.getUint16(0, true);
    case 'int8':
      return view.getInt8(0);
    case 'uint8':
    case 'bool':
      return view.getUint8(0);
    default:
      return undefined;
  }
}

async function* fileChunks(path: string, offset: number, length: number): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new TesseraError('STORAGE_FAILED', {
      message: `The weights in ${path} cannot be opened.`,
      remedy: 'Put the file back where the model was imported from, or import the model again.',
      cause,
    });
  });
  try {
    for (let at = 0; at < length; ) {
      const want = Math.min(CHUNK_BYTES, length - at);
      const { bytesRead, buffer } = await file.read(Buffer.alloc(want), 0, want, offset + at);
      if (bytesRead === 0) {
        throw new TesseraError('STORAGE_FAILED', {
          message: `${path} has become shorter since the model was imported.`,
          remedy: 'Import the model again.',
        });
      }
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}
