import { randomBytes } from 'node:crypto';
import { open, realpath, rm, stat } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { Certificate } from '../../protocol/certificate.ts';
import { decodeCertificate, encodeCertificate, isCertificate } from '../../protocol/certificate-codec.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { limits } from '../../protocol/limits.ts';
import { readGiven, sizeOfGiven, withoutPath } from './given-file.ts';

/**
 * Reads a file that is said to be a certificate or a manifest, unless it is larger than those may be.
 *
 * @param what it is said to be, as a sentence begins with it
 * @throws TesseraError `STORAGE_FAILED`, `CERTIFICATE_DAMAGED`
 */
export async function readCertificateFile(path: string, what = 'The certificate'): Promise<Uint8Array> {
  const size = await sizeOfGiven(path, { what });
  if (size > limits.certificateBytes) {
    throw new TesseraError('CERTIFICATE_DAMAGED', {
      message: `${path} has ${size} bytes, more than a certificate may have`,
      details: { path, limit: limits.certificateBytes },
    });
  }
  return readGiven(path, { what });
}

/**
 * Reads a certificate from a file, whose path its errors say.
 *
 * @throws TesseraError `STORAGE_FAILED`, `CERTIFICATE_DAMAGED`, `ENCODING_INVALID`
 */
export async function readCertificate(path: string): Promise<Certificate> {
  return certificateIn(path, await readCertificateFile(path));
}

/** As {@link readCertificate}, with the file's bytes at hand. */
export function certificateIn(path: string, file: Uint8Array): Certificate {
  try {
    return decodeCertificate(file);
  } catch (cause) {
    if (!(cause instanceof TesseraError)) throw cause;
    const { code, message, remedy, details } = cause;
    throw new TesseraError(code, {
      message: file.length === 0 ? `${path} is empty, and no certificate` : `${path}: ${message}`,
      ...(remedy === undefined ? {} : { remedy }),
      details: { ...details, path },
      cause,
    });
  }
}

/** A file that a command reads, and what it is to it. */
export interface ReadFile {
  /** As errors call it, e.g. `the model`. */
  what: string;
  path: string;
}

/** Larger than the part by which a certificate is told from other files. */
const headBytes = 64;

/**
 * Refuses a path for a certificate where something else would be lost: a file that the command reads, and any that is
 * no certificate.
 *
 * @throws TesseraError `USAGE`, `STORAGE_FAILED`
 */
export async function requireReplaceable(path: string, reads: readonly ReadFile[] = []): Promise<void> {
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined) return;
  const refused = (why: string, remedy: string) =>
    new TesseraError('USAGE', { message: `--out ${path} ${why}`, remedy, details: { path } });
  for (const read of reads) {
    if ((await realpath(read.path).catch(() => undefined)) !== real) continue;
    throw refused(
      `is ${read.what} itself, which the certificate would replace`,
      'Choose another name for --out.',
    );
  }
  if (!(await stat(real)).isFile() || isCertificate(await headOf(path))) return;
  throw refused(
    'is there already, and is no certificate: nothing else is replaced',
    'Choose another name for --out, or remove the file.',
  );
}

async function headOf(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(new Uint8Array(headBytes), 0, headBytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw nowhere(path, withoutPath((cause as Error).message), cause);
  }
}

/**
 * Finds out whether a certificate can be written to a path, so that nobody learns after hours of proving that it has no
 * place to go.
 *
 * @param reads files that must stay as they are
 * @throws TesseraError `USAGE` as {@link requireReplaceable}, `STORAGE_FAILED`
 */
export async function requirePlace(path: string, reads: readonly ReadFile[] = []): Promise<void> {
  await requireReplaceable(path, reads);
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() || path.endsWith('/') || path.endsWith(sep))
    throw nowhere(path, 'it is a directory');
  // A file takes the place of what is there, be it a device.
  if (found !== undefined && !found.isFile()) throw nowhere(path, 'it is no ordinary file');
  // The certificate itself is first written under a name as long as this.
  const trial = `${path}.${randomBytes(5).toString('hex')}`;
  try {
    await (await open(trial, 'wx')).close();
    await rm(trial);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw nowhere(path, code === 'ENOENT' ? `${dirname(path)} does not exist` : withoutPath(message), cause);
  }
}

function nowhere(path: string, why: string, cause?: unknown): TesseraError {
  return new TesseraError('STORAGE_FAILED', {
    message: `No certificate could be written to ${path}: ${why}`,
    remedy: 'Choose another path for --out.',
    details: { path },
    cause,
  });
}

/** @throws TesseraError `STORAGE_FAILED`; an earlier file of that name stays as it was then */
export async function writeCertificateFile(path: string, certificate: Certificate): Promise<void> {
  try {
    await writeFileAtomic(path, Buffer.from(encodeCertificate(certificate)));
  } catch (cause) {
    throw new TesseraError('STORAGE_FAILED', {
      message: `The certificate cannot be written to ${path}: ${withoutPath((cause as Error).message)}`,
      remedy: 'Make room or choose another path for --out, and run again: what took long is in the cache.',
      cause,
    });
  }
}
