import { readFile, stat } from 'node:fs/promises';
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
