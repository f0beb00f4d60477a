import { TesseraError } from '../../../protocol/errors.ts';

/** Larger frames end the connection: data of this size belongs in a file. */
export const maxFrameBytes = 16 * 2 ** 20;

const prefixBytes = 4;

/** A JSON message with its length before it (unsigned, 32 bits, big-endian). */
export function encodeFrame(message: unknown): Uint8Array {
  const body = Buffer.from(JSON.stringify(message), 'utf8');
  if (body.length > maxFrameBytes) {
    throw new TesseraError('INTERNAL', {
      message: `A frame of ${body.length} bytes exceeds ${maxFrameBytes}`,
    });
  }
  const frame = Buffer.allocUnsafe(prefixBytes + body.length);
  frame.writeUInt32BE(body.length);
  body.copy(frame, prefixBytes);
  return frame;
}

/** Cuts a byte stream into messages, holding no more than one frame. */
export class FrameDecoder {
  #pending: Buffer[] = [];
  #buffered = 0;

  /**
   * @returns the messages that are complete now
   * @throws TesseraError `ENCODING_INVALID` for a frame that is too long or not JSON
   */
  push(chunk: Uint8Array): unknown[] {
    this.#pending.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this.#buffered += chunk.length;
    const messages: unknown[] = [];
    for (;;) {
      const length = this.#nextLength();
      if (length === undefined || this.#buffered < prefixBytes + length) return messages;
      const all = this.#joined();
      messages.push(parse(all.subarray(prefixBytes, prefixBytes + length)));
      this.#pending = [all.subarray(prefixBytes + length)];
      this.#buffered = all.length - prefixBytes - length;
    }
  }

  #nextLength(): number | undefined {
    if (this.#buffered < prefixBytes) return undefined;
    const first = this.#pending[0];
    const head = first !== undefined && first.length >= prefixBytes ? first : this.#joined();
    const length = head.readUInt32BE();
    if (length > maxFrameBytes) {
      throw new TesseraError('ENCODING_INVALID', {
        message: `The prover announced a frame of ${length} bytes; the limit is ${maxFrameBytes}`,
      });
    }
    return length;
  }

  #joined(): Buffer {
    const all = Buffer.concat(this.#pending, this.#buffered);
    this.#pending = [all];
    return all;
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new TesseraError('ENCODING_INVALID', {
      message: 'The prover sent a frame that is not JSON',
      cause,
    });
  }
}
