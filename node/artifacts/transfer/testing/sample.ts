import { createCipheriv } from 'node:crypto';

/** Bytes that look random and are the same for the same seed, in chunks of 1 MiB. */
export function* sampleBytes(seed: number, bytes: number): Generator<Uint8Array, void, undefined> {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(seed);
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  for (let left = bytes; left > 0; left -= 2 ** 20)
    yield cipher.update(Buffer.alloc(Math.min(left, 2 ** 20)));
}
