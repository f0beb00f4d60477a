import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Hex32 } from '../../protocol/edge.ts';
import { throwIfAborted } from '../abort.ts';

const pieceBytes = 2 ** 20;

/**
 * sha2-256 of a file of any size. A piece is read while the one before it is hashed, both into the same memory over and
 * over: collecting new memory for each would take longer than hashing.
 *
 * @throws TesseraError `ABORTED`
 */
export async function sha256File(path: string, signal?: AbortSignal): Promise<Hex32> {
  const hash = createHash('sha256');
  await using file = await open(path);
  let [room, other] = [Buffer.allocUnsafeSlow(pieceBytes), Buffer.allocUnsafeSlow(pieceBytes)];
  for (let next = file.read(room); ; ) {
    const { bytesRead } = await next;
    if (bytesRead === 0) return hash.digest('hex');
    throwIfAborted(signal);
    next = file.read(other);
    hash.update(room.subarray(0, bytesRead));
    [room, other] = [other, room];
  }
}
