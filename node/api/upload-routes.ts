import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Mutex } from 'async-mutex';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { readBody } from './read-body.ts';

/** A file that was sent to the node. */
export interface Upload {
  /** Where it lies, for a job to name. */
  path: string;
  bytes: number;
  sha256: Hex32;
}

export interface UploadLimits {
  /** Bytes of one file, and of all together. */
  fileBytes: number;
  totalBytes: number;
}

export const defaultUploadLimits: UploadLimits = { fileBytes: 2 ** 31, totalBytes: 2 ** 33 };

const query = z.strictObject({ kind: z.enum(['onnx', 'json', 'npy', 'npz', 'png']) });

/**
 * `POST /v1/uploads?kind=onnx`: a model or an input, as `application/octet-stream`, for jobs of callers whose files the
 * node cannot read; `DELETE /v1/uploads` removes all of them.
 */
export function uploadRoutes(
  directory: string,
  limits: UploadLimits = defaultUploadLimits,
): (server: FastifyInstance) => void {
  /** Bytes of each file that is still coming. */
  const coming = new Map<string, number>();
  const reserving = new Mutex();
  /** @throws TesseraError `STORAGE_FAILED` when there is no room for as much */
  const reserve = (path: string, bytes: number) =>
    reserving.runExclusive(async () => {
      const room = Math.min(limits.fileBytes, limits.totalBytes - (await bytesIn(directory, coming)));
      if (!(bytes <= room)) throw tooLarge(room);
      coming.set(path, bytes);
    });
  return (server) => {
    // Streamed to the disk: the API's own limit on a body is for JSON.
    server.addContentTypeParser(
      'application/octet-stream',
      { bodyLimit: limits.fileBytes },
      (_, body, done) => done(null, body),
    );
    server.post('/v1/uploads', { bodyLimit: limits.fileBytes }, async (request, reply): Promise<Upload> => {
      const { kind } = readBody(query, request.query);
      if (!(request.body instanceof Readable)) {
        throw new TesseraError('USAGE', { message: 'A file is sent as application/octet-stream' });
      }
      await mkdir(directory, { recursive: true, mode: 0o700 });
      // HTTP holds the body to the length that its head states (RFC 9112 §6), so nothing that is too large is read.
      const bytes = Number(request.headers['content-length'] ?? Number.NaN);
      const path = join(directory, `${randomBytes(16).toString('hex')}.${kind}`);
      try {
        await reserve(path, bytes);
      } catch (error) {
        reply.header('connection', 'close');
        throw error;
      }
      try {
        return { path, bytes, sha256: await write(request.body, path) };
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      } finally {
        coming.delete(path);
      }
    });
    server.delete('/v1/uploads', async () => {
      await rm(directory, { recursive: true, force: true });
      return {};
    });
  };
}

/**
 * Removes what was uploaded and is no longer needed.
 *
 * @param used paths that stay
 */
export async function removeUploads(directory: string, used: ReadonlySet<string>): Promise<void> {
  const names = await readdir(directory).catch(ifMissing<string[]>([]));
  const unused = names.map((name) => join(directory, name)).filter((path) => !used.has(path));
  await Promise.all(unused.map((path) => rm(path, { force: true })));
}

async function write(body: Readable, path: string): Promise<Hex32> {
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(body, hashing, createWriteStream(path, { mode: 0o600, flags: 'wx' }));
  return hash.digest('hex');
}

/** Bytes of all files; one that is still coming counts whole. */
async function bytesIn(directory: string, coming: ReadonlyMap<string, number>): Promise<number> {
  const paths = (await readdir(directory)).map((name) => join(directory, name));
  const present = paths.filter((path) => !coming.has(path));
  const expected = [...coming.values()];
  const sizes = await Promise.all(present.map(sizeOf));
  return [...sizes, ...expected].reduce((sum, size) => sum + size, 0);
}

/** Bytes of a file; none where it was removed. */
async function sizeOf(path: string): Promise<number> {
  const { size } = await stat(path).catch(ifMissing({ size: 0 }));
  return size;
}

/** What stands for a file or directory that is not there. */
function ifMissing<T>(instead: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return instead;
    throw error;
  };
}

function tooLarge(room: number): TesseraError {
  return new TesseraError('STORAGE_FAILED', {
    message: `There is room for ${Math.max(0, room)} bytes of uploads, and the file is larger, or of unknown length`,
    remedy: 'Remove the earlier ones (DELETE /v1/uploads), or name a path on the node’s machine.',
  });
}
