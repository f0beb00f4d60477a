import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Hex32 } from '../../protocol/edge.ts';

/** sha2-256 of a file of any size. */
export async function sha256File(path: string): Promise<Hex32> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
