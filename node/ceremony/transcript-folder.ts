import { copyFile, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lock } from 'proper-lockfile';
import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { sha256File } from '../artifacts/digest.ts';
import { storing } from '../artifacts/storage-error.ts';
import { decodeTranscript, encodeTranscript, maxTranscriptBytes, type Transcript } from './transcript.ts';

const manifestName = 'transcript.json';
const filesFolder = 'files';
const unfinishedFolder = 'unfinished';

/**
 * A transcript on disk, to be copied from contributor to contributor as it is:
 *
 *     transcript.json   the transcript, replaced as a whole
 *     files/DIGEST      the constraint system and every contribution, by sha2-256
 *     unfinished/       what is being made; removed by whoever goes on after an interruption
 */
export class TranscriptFolder {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Starts a transcript of no contributions.
   *
   * @param constraints path of a constraint system of this digest
   * @throws TesseraError `USAGE` where a transcript is already
   */
  async create(constraints: string, digest: Hex32): Promise<void> {
    await storing(() => mkdir(join(this.#path, filesFolder), { recursive: true }));
    await this.exclusively(async (unfinished) => {
      if (await this.#exists(manifestName)) {
        throw new TesseraError('USAGE', {
          message: `${this.#path} already holds a ceremony`,
          remedy: 'Contribute to it, or choose another folder.',
        });
      }
      const copy = join(unfinished, digest);
      await storing(() => copyFile(constraints, copy));
      await this.keep(copy, digest);
      await this.save({ constraints: digest, powers: [], circuit: [] });
    });
  }

  /** @throws TesseraError `USAGE` where there is none, `ENCODING_INVALID` */
  async read(): Promise<Transcript> {
    if (!(await this.#exists(manifestName))) {
      throw new TesseraError('USAGE', {
        message: `${this.#path} holds no ceremony`,
        remedy: 'Give the folder that "tessera ceremony init" made, or a copy of it.',
      });
    }
    const path = join(this.#path, manifestName);
    if ((await stat(path)).size > maxTranscriptBytes) {
      throw new TesseraError('ENCODING_INVALID', { message: `${path} is too large to be a transcript` });
    }
    return decodeTranscript(await readFile(path));
  }

  /** Puts a transcript in the place of the one before, in one step; within {@link exclusively}. */
  async save(transcript: Transcript): Promise<void> {
    // Made where no link can stand that leads a write out of the folder, which may come from anybody.
    const unfinished = join(this.#path, unfinishedFolder, manifestName);
    await storing(async () => {
      await writeFile(unfinished, encodeTranscript(transcript), { flush: true });
      await rename(unfinished, join(this.#path, manifestName));
    });
  }

  /**
   * The path of a file of the transcript, once its bytes have the digest.
   *
   * @param maxBytes what such a file can have; a larger one is not read
   * @throws TesseraError `ENCODING_INVALID`, `ABORTED`
   */
  async file(digest: Hex32, maxBytes: number, signal?: AbortSignal): Promise<string> {
    const path = join(this.#path, filesFolder, digest);
    const status = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    const whole =
      status?.isFile() === true &&
      status.size <= maxBytes &&
      (await storing(() => sha256File(path, signal))) === digest;
    if (!whole) {
      throw new TesseraError('ENCODING_INVALID', {
        message: `${path} is ${status === undefined ? 'missing' : 'not the file that the transcript names'}`,
        remedy: 'Copy the folder again from whoever contributed last.',
        details: { digest },
      });
    }
    return path;
  }

  /** Takes a file that was made in the folder of {@link exclusively} into the transcript's. */
  async keep(path: string, digest: Hex32): Promise<void> {
    await storing(() => rename(path, join(this.#path, filesFolder, digest)));
  }

  /**
   * Runs while no other process of this machine changes the folder.
   *
   * @param act gets an empty folder for what it makes, removed afterwards
   * @throws TesseraError `USAGE` while another process works on it
   */
  async exclusively<T>(act: (unfinished: string) => Promise<T>): Promise<T> {
    const path = join(this.#path, unfinishedFolder);
    const release = await this.#lock();
    try {
      await storing(async () => {
        await rm(path, { recursive: true, force: true });
        await mkdir(path, { recursive: true, mode: 0o700 });
      });
      return await act(path);
    } finally {
      await rm(path, { recursive: true, force: true });
      await release();
    }
  }

  async #lock(): Promise<() => Promise<void>> {
    try {
      return await lock(this.#path, { lockfilePath: join(this.#path, 'lock'), stale: 60_000 });
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      throw new TesseraError('USAGE', {
        message:
          code === 'ELOCKED'
            ? `Another process works on the ceremony in ${this.#path}`
            : `${this.#path} holds no ceremony that can be worked on: ${(cause as Error).message}`,
        remedy:
          code === 'ELOCKED'
            ? 'Wait until it has finished.'
            : 'Give the folder that "tessera ceremony init" made, or a copy of it.',
        cause,
      });
    }
  }

  async #exists(name: string): Promise<boolean> {
    return stat(join(this.#path, name)).then(
      () => true,
      () => false,
    );
  }
}
