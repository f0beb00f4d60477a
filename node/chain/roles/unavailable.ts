import { TesseraError } from '../../../protocol/errors.ts';

const codes: readonly string[] = ['ARTIFACT_MISSING', 'DOWNLOAD_FAILED'];

/** Whether an artifact cannot be had at the moment. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof TesseraError && codes.includes(error.code);
}
