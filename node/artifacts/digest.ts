import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Hex32 } from '../../protocol/edge.ts';
import { throwIfAborted } from '../abort.ts';

/**
 * sha2-256 of a file of any size.
 *
 * @throws TesseraError `ABORTED`
 */
export async function sha256File(path: string, signal?: AbortSignal): Promise<Hex32> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    throwIfAborted(signal);
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}
