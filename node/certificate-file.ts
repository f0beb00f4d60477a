import { randomBytes } from 'node:crypto';
import { open, readFile, rm, stat } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { Certificate } from '../protocol/certificate.ts';
import { encodeCertificate } from '../protocol/certificate-codec.ts';
import { TesseraError } from '../protocol/errors.ts';
import { limits } from '../protocol/limits.ts';

/**
 * Reads a file that is said to be a certificate or a manifest, unless it is larger than those may be.
 *
 * @throws TesseraError `STORAGE_FAILED`, `CERTIFICATE_DAMAGED`
 */
export async function readCertificateFile(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > limits.certificateBytes) {
      throw new TesseraError('CERTIFICATE_DAMAGED', {
        message: `${path} has ${size} bytes, more than a certificate may have`,
        details: { limit: limits.certificateBytes },
      });
    }
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof TesseraError) throw cause;
    throw new TesseraError('STORAGE_FAILED', {
      message: `${path} cannot be read`,
      remedy: 'Check the path and its permissions.',
      cause,
    });
  }
}

/**
 * Finds out whether a certificate can be written to a path, so that nobody learns after hours of proving that it has no
 * place to go.
 *
 * @throws TesseraError `STORAGE_FAILED`
 */
export async function requirePlace(path: string): Promise<void> {
  const nowhere = (why: string, cause?: unknown) =>
    new TesseraError('STORAGE_FAILED', {
      message: `No certificate could be written to ${path}: ${why}`,
      remedy: 'Choose another path for --out.',
      details: { path },
      cause,
    });
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() || path.endsWith('/') || path.endsWith(sep)) throw nowhere('it is a directory');
  // A file takes the place of what is there, be it a device.
  if (found !== undefined && !found.isFile()) throw nowhere('it is no ordinary file');
  // The certificate itself is first written under a name as long as this.
  const trial = `${path}.${randomBytes(5).toString('hex')}`;
  try {
    await (await open(trial, 'wx')).close();
    await rm(trial);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw nowhere(code === 'ENOENT' ? `${dirname(path)} does not exist` : withoutPath(message), cause);
  }
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

/** A system's message names the file that is written first, which says nothing to anybody. */
const withoutPath = (message: string) => message.replace(/, [a-z]+ '.*$/s, '');
