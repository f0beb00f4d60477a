import { CommanderError } from 'commander';
import { TesseraError } from '../../protocol/errors.ts';

/**
 * Gives any error its stable code.
 *
 * @param verb that was run, with its group, e.g. `artifacts get`; empty where none was found
 */
export function toTesseraError(error: unknown, signal: AbortSignal, verb = ''): TesseraError {
  // Whatever fails once the user has interrupted, fails because of that.
  if (signal.aborted) {
    return new TesseraError('ABORTED', {
      message: 'Interrupted.',
      remedy: verb.startsWith('artifacts')
        ? 'Run the same command again: what was fetched of an artifact so far is kept.'
        : 'Run the same command again: what was finished is taken from the cache.',
      cause: error,
    });
  }
  if (error instanceof TesseraError) return error;
  if (error instanceof CommanderError) {
    return new TesseraError('USAGE', {
      message:
        error.code === 'commander.help'
          ? 'A verb is missing.'
          : error.message.replace(/^error: /, '').replaceAll('\n', ' '),
      remedy: `See: tessera ${verb === '' ? '' : `${verb} `}--help`,
      cause: error,
    });
  }
  if (isSystemError(error)) {
    return new TesseraError('STORAGE_FAILED', {
      message: error.message,
      remedy: remedyFor(error),
      details: { path: error.path, errno: error.code },
      cause: error,
    });
  }
  return new TesseraError('INTERNAL', {
    message: error instanceof Error ? error.message : String(error),
    remedy: 'This is a fault of the program; please report it with the lines below.',
    cause: error,
  });
}

function remedyFor({ code, syscall }: NodeJS.ErrnoException): string {
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'Free some space on that disk and run it again.';
  // What Node says of a folder that is to be made, parents included, on a file system that is mounted read-only.
  if (code === 'ENOENT' && syscall === 'mkdir') return 'Check that it can be written there.';
  return 'Check the path and its permissions.';
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}
