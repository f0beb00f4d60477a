import { TesseraError } from '../../protocol/errors.ts';

/**
 * Says in which segment a range or the memory is exceeded, and of a range what whoever proves a model can do about it.
 * Other errors stay as they are.
 */
export function namingSegment(id: string, error: unknown): unknown {
  if (!(error instanceof TesseraError)) return error;
  const { code, message, remedy } = error;
  if (code !== 'RANGE_EXCEEDED' && code !== 'MEMORY_EXCEEDED') return error;
  const advice =
    code === 'RANGE_EXCEEDED'
      ? 'Normalise the input as in training; very large weights or activations need a rescaled export.'
      : remedy;
  return new TesseraError(code, {
    message: `Segment ${id}: ${message}`,
    ...(advice === undefined ? {} : { remedy: advice }),
    details: { segment: id, ...error.details },
    cause: error,
  });
}
