import { readFile, stat } from 'node:fs/promises';
import { type ErrorCode, TesseraError } from '../../protocol/errors.ts';

/** What a file that a person named is to the command, for errors. */
export interface GivenFile {
  /** As a sentence begins with it, e.g. `The input`; `The file` unless given. */
  what?: string;
  /** `STORAGE_FAILED` unless given. */
  code?: ErrorCode;
}

/** Tells of a file that a person named and that cannot be read why that is, and what to do. */
export function unreadable(
  path: string,
  cause: unknown,
  { what = 'The file', code = 'STORAGE_FAILED' }: GivenFile = {},
): TesseraError {
  const { code: errno, message } = cause as NodeJS.ErrnoException;
  const [why, remedy] = reasons[errno ?? ''] ?? [
    `cannot be read: ${withoutPath(message)}`,
    'Check the path, and the disk that it is on.',
  ];
  return new TesseraError(code, {
    message: `${what} ${path} ${why}`,
    remedy,
    details: { path, ...(errno === undefined ? {} : { errno }) },
    cause,
  });
}

const missing = ['does not exist', 'Check the path.'] as const;
const forbidden = [
  'may not be read by this user',
  'Check the permissions of the file and its folders.',
] as const;
const reasons: Readonly<Record<string, readonly [why: string, remedy: string]>> = {
  ENOENT: missing,
  ENOTDIR: missing,
  EISDIR: ['is a directory', 'Name a file.'],
  EACCES: forbidden,
  EPERM: forbidden,
};

/**
 * The size of a file that a person named.
 *
 * @throws TesseraError as {@link unreadable} has it
 */
export async function sizeOfGiven(path: string, file: GivenFile = {}): Promise<number> {
  const found = await stat(path).catch((cause) => {
    throw unreadable(path, cause, file);
  });
  if (found.isDirectory()) throw unreadable(path, { code: 'EISDIR' }, file);
  return found.size;
}

/**
 * Reads a file that a person named.
 *
 * @throws TesseraError as {@link unreadable} has it
 */
export async function readGiven(path: string, file: GivenFile = {}): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw unreadable(path, cause, file);
  }
}

/** A system's message without the path, and what it was doing with it: who reads it has a sentence of that already. */
export const withoutPath = (message = ''): string => message.replace(/, [a-z]+( '.*)?$/s, '');
