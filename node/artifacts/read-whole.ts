import { open } from 'node:fs/promises';
import { TesseraError } from '../../protocol/errors.ts';
import { throwIfAborted } from '../abort.ts';
import { storing } from './storage-error.ts';

/** Bytes between two looks at the signal: some tens of milliseconds. */
const pieceBytes = 64 * 2 ** 20;

/**
 * The bytes of a file, of which an SRS has up to 2 GiB and a little more: too many to be read at once.
 *
 * @throws TesseraError `ABORTED`, `STORAGE_FAILED`
 */
export async function readWhole(path: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  return storing(async () => {
    await using file = await open(path);
    const bytes = new Uint8Array((await file.stat()).size);
    for (let at = 0; at < bytes.length; ) {
      throwIfAborted(signal);
      const { bytesRead } = await file.read(bytes, at, Math.min(pieceBytes, bytes.length - at), at);
      if (bytesRead === 0) {
        throw new TesseraError('STORAGE_FAILED', {
          message: `${path} became shorter while it was read: ${at} bytes of ${bytes.length}`,
          remedy: 'Leave the file as it is while it is used.',
          details: { path },
        });
      }
      at += bytesRead;
    }
    return bytes;
  });
}
