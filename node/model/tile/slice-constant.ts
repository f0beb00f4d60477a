import { closeSync, openSync, readSync } from 'node:fs';
import { TesseraError } from '../../../protocol/errors.ts';
import { elementBytes, elementCount } from '../element.ts';
import type { Constant, TensorSource } from '../model.ts';
import type { Stretch } from './tiling.ts';

/**
 * A stretch of one axis of a constant. Its bytes are shared with the whole, or left in the file, where they lie
 * together there; else they are copied.
 *
 * @throws TesseraError `STORAGE_FAILED` when its file cannot be read
 */
export function sliceConstant({ type, source }: Constant, axis: number, { start, size }: Stretch): Constant {
  const shape = type.shape.map((whole, index) => (index === axis ? size : whole));
  const pieces = elementCount(type.shape.slice(0, axis));
  const unit = elementCount(type.shape.slice(axis + 1)) * elementBytes(type.element);
  const step = (type.shape[axis] ?? 1) * unit;
  return {
    type: { ...type, shape },
    source: sliceSource(source, { pieces, step, offset: start * unit, length: size * unit }),
  };
}

/** `pieces` stretches of `length` bytes, `step` apart, the first at `offset`. */
interface Comb {
  pieces: number;
  step: number;
  offset: number;
  length: number;
}

function sliceSource(source: TensorSource, { pieces, step, offset, length }: Comb): TensorSource {
  switch (source.kind) {
    case 'fill':
      return source;
    case 'bytes': {
      if (pieces === 1) return { kind: 'bytes', bytes: source.bytes.subarray(offset, offset + length) };
      const bytes = new Uint8Array(pieces * length);
      for (let piece = 0; piece < pieces; piece++) {
        const at = offset + piece * step;
        bytes.set(source.bytes.subarray(at, at + length), piece * length);
      }
      return { kind: 'bytes', bytes };
    }
    case 'file': {
      const { path } = source;
      if (pieces === 1) return { kind: 'file', path, offset: source.offset + offset, length };
      return {
        kind: 'bytes',
        bytes: readComb(path, { pieces, step, offset: source.offset + offset, length }),
      };
    }
    case 'strings':
      throw new TesseraError('MODEL_INVALID', { message: 'A layer has weights that are strings.' });
  }
}

function readComb(path: string, { pieces, step, offset, length }: Comb): Uint8Array {
  const bytes = new Uint8Array(pieces * length);
  try {
    const file = openSync(path, 'r');
    try {
      for (let piece = 0; piece < pieces; piece++) {
        const got = readSync(file, bytes, piece * length, length, offset + piece * step);
        if (got !== length) throw new RangeError('it has become shorter');
      }
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw new TesseraError('STORAGE_FAILED', {
      message: `The weights in ${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      remedy: 'Put the file back where the model was imported from, or import the model again.',
      cause,
    });
  }
  return bytes;
}
