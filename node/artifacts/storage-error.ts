import { TesseraError } from '../../protocol/errors.ts';

/** Runs a disk operation; the system's refusals become errors that a person can act on. */
export async function storing<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw storageError(error);
  }
}

const refusals = new Set([
  'ENOSPC',
  'EDQUOT',
  'EFBIG',
  'EIO',
  'EROFS',
  'EACCES',
  'EPERM',
  'EMFILE',
  'ENFILE',
]);

/** What the system refused as `STORAGE_FAILED`; any other error as it is. */
export function storageError(error: unknown): unknown {
  if (!(error instanceof Error) || !refusals.has((error as NodeJS.ErrnoException).code ?? '')) return error;
  const { code, path } = error as NodeJS.ErrnoException;
  return new TesseraError('STORAGE_FAILED', {
    message: `The disk refused${path === undefined ? '' : ` ${path}`}: ${error.message}`,
    remedy:
      code === 'ENOSPC' || code === 'EDQUOT'
        ? 'Free disk space: `tessera cache prune` removes what can be made again.'
        : 'Check the permissions of the data directory and the health of the disk.',
    details: { code, path },
    cause: error,
  });
}

/** Undefined for a file or directory that is not there; throws anything else that went wrong. */
export function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw storageError(error);
}
