import { TesseraError } from '../../errors.ts';

/** @throws TesseraError `MODEL_INVALID` unless `condition` holds. */
export function requireValid(condition: boolean, message: string): asserts condition {
  if (!condition) {
    throw new TesseraError('MODEL_INVALID', {
      message,
      remedy: 'Quantise the model again with this version of the program.',
    });
  }
}
