import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { TesseraError } from '../../../protocol/errors.ts';
import { unreadable } from '../../files/given-file.ts';

/** Bytes that are read by position, a little at a time. */
export interface ByteSource {
  /** How errors call it. */
  readonly name: string;
  readonly size: number;
  /** Exactly `length` bytes from `offset`; the caller stays within `size`. */
  read(offset: number, length: number): Uint8Array;
}

/** Opens a file for reading by position, and closes it when `use` is done. */
export function withFileSource<T>(path: string, use: (source: ByteSource) => T): T {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    throw unreadable(path, cause, { what: 'The model', code: 'MODEL_UNREADABLE' });
  }
  try {
    const stat = fstatSync(file);
    if (stat.isDirectory()) {
      throw unreadable(path, { code: 'EISDIR' }, { what: 'The model', code: 'MODEL_UNREADABLE' });
    }
    if (!stat.isFile()) {
      throw new TesseraError('MODEL_UNREADABLE', {
        message: `${path} is not a file.`,
        remedy: 'Name an ONNX file.',
      });
    }
    return use({
      name: path,
      size: stat.size,
      read: (offset, length) => readExactly(file, path, offset, length),
    });
  } finally {
    closeSync(file);
  }
}

function readExactly(file: number, path: string, offset: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const count = readSync(file, bytes, done, length - done, offset + done);
    if (count === 0) {
      throw new TesseraError('MODEL_UNREADABLE', { message: `${path} became shorter while it was read.` });
    }
    done += count;
  }
  return bytes;
}
