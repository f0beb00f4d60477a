import type { Libp2p } from '@libp2p/interface';
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

/** @returns seconds from the request to the last byte */
export async function receiveBare(
  libp2p: Pick<Libp2p, 'dialProtocol' | 'peerStore'>,
  { peer, multiaddrs }: Provider,
  bytes: number,
): Promise<number> {
  await libp2p.peerStore.merge(peer, { multiaddrs: [...multiaddrs] });
  const stream = await libp2p.dialProtocol(peer, bareProtocol);
  const started = performance.now();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let received = 0;
  stream.addEventListener('message', ({ data }) => {
    received += data.byteLength;
    if (received >= bytes) resolve();
  });
  stream.addEventListener('close', () => reject(new Error('the stream was closed')));
  const ask = new Uint8Array(4);
  new DataView(ask.buffer).setUint32(0, bytes);
  stream.send(ask);
  await promise;
  const seconds = (performance.now() - started) / 1000;
  await stream.close();
  return seconds;
}
