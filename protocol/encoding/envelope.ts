import { TesseraError } from '../errors.ts';
import type { CborValue } from './cbor.ts';

/**
 * The parts of `[tag, version, …parts]`, the outermost array of every format.
 *
 * @throws TesseraError `ENCODING_INVALID` for another format, another version or another number of parts
 */
export function openEnvelope(value: CborValue, tag: string, version: number, parts: number): CborValue[] {
  if (!Array.isArray(value) || value[0] !== tag) {
    throw new TesseraError('ENCODING_INVALID', { message: `The bytes are not a ${tag}` });
  }
  if (value[1] !== version) {
    throw new TesseraError('ENCODING_INVALID', {
      message: `A ${tag} of version ${String(value[1])}; this program reads version ${version}`,
      remedy: 'Use the version of the program that made it.',
    });
  }
  const rest = value.slice(2) as CborValue[];
  if (rest.length !== parts) {
    throw new TesseraError('ENCODING_INVALID', {
      message: `A ${tag} has ${parts} parts, not ${rest.length}`,
    });
  }
  return rest;
}
