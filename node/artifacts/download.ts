import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { ifMissing, storageError, storing } from './storage-error.ts';

export interface DownloadOptions {
  signal?: AbortSignal;
  onProgress?: (bytes: number, total: number | undefined) => void;
}

/**
 * Fetches a file of known digest into `path`. What an interrupted download left at `path.part` is continued
 * where the server allows it. Nothing is at `path` unless it has the digest.
 *
 * @param sha256 of the whole file
 * @param maxBytes a larger file is not read on
 * @throws TesseraError `DOWNLOAD_FAILED`, `STORAGE_FAILED`, or `ABORTED`
 */
export async function download(
  url: string,
  path: string,
  sha256: Hex32,
  maxBytes: number,
  options: DownloadOptions = {},
): Promise<void> {
  const part = `${path}.part`;
  await storing(() => mkdir(dirname(path), { recursive: true }));
  const have = (await stat(part).catch(ifMissing))?.size ?? 0;
  const response = await request(url, have, options.signal);
  const resumed = response.status === 206;
  const start = resumed ? have : 0;
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  const total = Number.isFinite(length) ? start + length : undefined;
  const tooLarge = () => failed(url, `it is larger than ${maxBytes} bytes`, { remedy: 'Check the address.' });
  if (total !== undefined && total > maxBytes) {
    await response.body?.cancel();
    throw tooLarge();
  }

  const hash = createHash('sha256');
  let bytes = start;
  const file = await storing(() => open(part, resumed ? 'a' : 'w'));
  try {
    if (resumed) for await (const chunk of createReadStream(part)) hash.update(chunk as Buffer);
    for await (const chunk of bodyOf(response)) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge();
      hash.update(chunk);
      await file.writeFile(chunk);
      options.onProgress?.(bytes, total);
    }
  } catch (error) {
    throw explain(url, error, options.signal);
  } finally {
    await file.close();
  }
  const digest = hash.digest('hex');
  if (digest !== sha256) {
    // Continuing would only add to wrong bytes.
    await rm(part, { force: true });
    throw failed(url, `its sha2-256 is ${digest}, not ${sha256}`, {
      remedy: 'Check the address and the digest.',
      details: { digest, expected: sha256 },
    });
  }
  await rename(part, path);
}

/** The DOM's type of a body lacks the iterator that Node's has. */
function bodyOf(response: Response): AsyncIterable<Uint8Array> {
  return response.body === null ? Readable.from([]) : Readable.fromWeb(response.body as NodeReadableStream);
}

/** The file from byte `start` on, or all of it when the server cannot continue. */
async function request(url: string, start: number, signal: AbortSignal | undefined): Promise<Response> {
  const fetchFrom = (from: number) =>
    fetch(url, {
      ...(signal === undefined ? {} : { signal }),
      headers: from === 0 ? {} : { range: `bytes=${from}-` },
    }).catch((error: unknown) => {
      throw explain(url, error, signal);
    });
  let response = await fetchFrom(start);
  // 416: the part is as long as the file, or longer.
  if (response.status === 416 && start > 0) {
    await response.body?.cancel();
    response = await fetchFrom(0);
  }
  if (response.status !== 200 && response.status !== 206) {
    await response.body?.cancel();
    throw failed(url, `the server answered ${response.status}`, { remedy: 'Check the address.' });
  }
  return response;
}

function explain(url: string, error: unknown, signal: AbortSignal | undefined): TesseraError {
  const refused = storageError(error);
  if (refused instanceof TesseraError) return refused;
  if (signal?.aborted) {
    return new TesseraError('ABORTED', { message: 'The download was cancelled', cause: signal.reason });
  }
  const { cause, message } = error instanceof Error ? error : new Error(String(error));
  return failed(url, cause instanceof Error ? cause.message : message, {
    remedy: 'Run the command again: it continues where it stopped.',
    cause: error,
  });
}

function failed(
  url: string,
  why: string,
  more: { remedy: string; details?: Record<string, unknown>; cause?: unknown },
): TesseraError {
  return new TesseraError('DOWNLOAD_FAILED', { message: `${url}: ${why}`, ...more });
}
