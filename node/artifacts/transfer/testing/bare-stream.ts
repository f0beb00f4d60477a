import { createHash, hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Libp2p, Stream } from '@libp2p/interface';
import { protocolPrefix } from '../../../network/protocols.ts';
import type { Provider } from '../routing.ts';
import { StreamReader, send } from '../stream-io.ts';

/** What the artifact protocol is measured against: bytes over a libp2p stream, as fast as it takes them. */
const bareProtocol = `${protocolPrefix}/bare/1.0.0`;

const patience = { stallMs: 60_000 };
const chunkBytes = 2 ** 20;

/** Sends as many bytes as a peer asks for with a 32-bit number. */
export async function serveBare(libp2p: Pick<Libp2p, 'handle'>): Promise<void> {
  await libp2p.handle(bareProtocol, async (stream) => {
    const ask = new Uint8Array(4);
    const reader = new StreamReader(stream, () => ask.length);
    await reader.fill(ask, patience);
    const chunk = new Uint8Array(chunkBytes);
    for (let left = new DataView(ask.buffer).getUint32(0); left > 0; left -= chunkBytes) {
      await send(stream, chunk.subarray(0, left), patience);
    }
    await stream.close();
  });
}

/**
 * @param file a new file that the bytes are written to, hashed as those of an artifact are: each MiB, and the whole;
 *   without it they are let go
 * @returns seconds from the request to the last byte
 */
export async function receiveBare(
  libp2p: Pick<Libp2p, 'dialProtocol' | 'peerStore'>,
  { peer, multiaddrs }: Provider,
  bytes: number,
  file?: string,
): Promise<number> {
  await libp2p.peerStore.merge(peer, { multiaddrs: [...multiaddrs] });
  const stream = await libp2p.dialProtocol(peer, bareProtocol);
  const started = performance.now();
  const received = file === undefined ? letGo(stream, bytes) : keep(stream, bytes, file);
  const ask = new Uint8Array(4);
  new DataView(ask.buffer).setUint32(0, bytes);
  stream.send(ask);
  await received;
  const seconds = (performance.now() - started) / 1000;
  await stream.close();
  return seconds;
}

function letGo(stream: Stream, bytes: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let received = 0;
  stream.addEventListener('message', ({ data }) => {
    received += data.byteLength;
    if (received >= bytes) resolve();
  });
  stream.addEventListener('close', () => reject(new Error('the stream was closed')));
  return promise;
}

async function keep(stream: Stream, bytes: number, path: string): Promise<void> {
  const reader = new StreamReader(stream, () => Number.POSITIVE_INFINITY);
  const whole = createHash('sha256');
  await using file = await open(path, 'wx');
  let [room, other] = [new Uint8Array(chunkBytes), new Uint8Array(chunkBytes)];
  let written: Promise<unknown> = Promise.resolve();
  for (let left = bytes; left > 0; left -= chunkBytes) {
    const chunk = room.subarray(0, left);
    await reader.fill(chunk, patience);
    hash('sha256', chunk, 'buffer');
    whole.update(chunk);
    await written;
    written = file.write(chunk);
    [room, other] = [other, room];
  }
  await written;
  whole.digest();
}
