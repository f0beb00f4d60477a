import { stat } from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';
import type { Blindings } from '../../protocol/check/edge-opener.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { scalarModulus } from '../../protocol/field.ts';
import { readGiven, sizeOfGiven } from './given-file.ts';

/** Larger than the blinding values of any certificate's edges. */
const maximumBytes = 2 ** 24;

/**
 * Keeps what opens a certificate's blinded edges, readable by its owner only: whoever has it can test guesses of the
 * tensors. JSON: by the edge's name, one decimal number a block.
 *
 * @throws TesseraError `STORAGE_FAILED`
 */
export async function writeOpening(path: string, blindings: Blindings): Promise<void> {
  const text = JSON.stringify(
    Object.fromEntries(Object.entries(blindings).map(([name, values]) => [name, values.map(String)])),
  );
  try {
    await writeFileAtomic(path, text, { mode: 0o600 });
  } catch (cause) {
    throw new TesseraError('STORAGE_FAILED', {
      message: `The opening of the committed edges cannot be written to ${path}`,
      remedy: 'Choose another path for --out and run again.',
      cause,
    });
  }
}

/**
 * Refuses a path for an opening where a file is that is none.
 *
 * @throws TesseraError `USAGE`, `STORAGE_FAILED`
 */
export async function requireOpeningPlace(path: string): Promise<void> {
  if ((await stat(path).catch(() => undefined)) === undefined) return;
  try {
    await readOpening(path);
  } catch (cause) {
    if (!(cause instanceof TesseraError) || cause.code !== 'ENCODING_INVALID') throw cause;
    throw new TesseraError('USAGE', {
      message: `${path}, where what opens the committed tensors is written, is there already and is no such file`,
      remedy: 'Choose another name for --out, or remove the file.',
      details: { path },
      cause,
    });
  }
}

/**
 * Reads what {@link writeOpening} wrote.
 *
 * @throws TesseraError `STORAGE_FAILED`, or `ENCODING_INVALID` for any other file
 */
export async function readOpening(path: string): Promise<Blindings> {
  const malformed = (cause?: unknown) =>
    new TesseraError('ENCODING_INVALID', {
      message: `${path} is no opening of a certificate`,
      remedy: 'Give the file ending in .opening that was written beside the certificate.',
      cause,
    });
  const what = 'The opening';
  if ((await sizeOfGiven(path, { what })) > maximumBytes) throw malformed();
  const text = (await readGiven(path, { what })).toString('utf8');
  try {
    const entries = Object.entries(JSON.parse(text) as Record<string, string[]>);
    return Object.fromEntries(entries.map(([name, values]) => [name, values.map(blindingFrom)]));
  } catch (cause) {
    throw malformed(cause);
  }
}

function blindingFrom(text: unknown): bigint {
  if (typeof text !== 'string' || !/^[0-9]{1,77}$/.test(text)) throw new RangeError('not a decimal number');
  const value = BigInt(text);
  if (value >= scalarModulus) throw new RangeError('not below r');
  return value;
}
