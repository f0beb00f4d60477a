import { errorCodes, type TesseraError } from '../../protocol/errors.ts';

/** The command line's exit statuses; scripts rely on them. */
export const exitStatus = {
  ok: 0,
  /** The thing asked for did not hold, or failed. */
  failed: 1,
  usage: 2,
  /** The certificate is sound but rests on development keys that were not allowed. */
  developmentKeys: 3,
  /** The user interrupted: 128 + SIGINT, as shells have it. */
  interrupted: 130,
} as const;

export function exitStatusOf(error: TesseraError): number {
  return error.code === 'ABORTED' ? exitStatus.interrupted : errorCodes[error.code].exit;
}
