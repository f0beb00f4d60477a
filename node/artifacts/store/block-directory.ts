import { hash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CID } from 'multiformats/cid';
import { storing } from '../storage-error.ts';

/**
 * Blocks on disk, one file each, by their CIDs:
 *
 *     blocks/XX/CID   XX are the CID's last characters but one
 *     incoming/       blocks that are being written; each is renamed into place when it is whole
 *
 * A block is hashed when it is first read by a process, so one that a power cut left half written is never handed out.
 */
export class BlockDirectory {
  readonly #blocks: string;
  readonly #incoming: string;
  /** Blocks that this process has written, or read and hashed. */
  readonly #checked = new Set<string>();
  /** Directories of blocks that are there for sure. */
  readonly #shards = new Set<string>();

  private constructor(directory: string) {
    this.#blocks = join(directory, 'blocks');
    this.#incoming = join(directory, 'incoming');
  }

  /** @throws TesseraError `STORAGE_FAILED` */
  static open(directory: string): Promise<BlockDirectory> {
    return storing(async () => {
      const opened = new BlockDirectory(directory);
      await rm(opened.#incoming, { recursive: true, force: true });
      await mkdir(opened.#incoming, { recursive: true });
      await mkdir(opened.#blocks, { recursive: true });
      return opened;
    });
  }

  /** Every block there is, by its name, with its size in bytes. */
  sizes(): Promise<Map<string, number>> {
    return storing(async () => {
      const sizes = new Map<string, number>();
      for (const shard of await readdir(this.#blocks)) {
        for (const name of await readdir(join(this.#blocks, shard))) {
          sizes.set(name, (await stat(join(this.#blocks, shard, name))).size);
        }
      }
      return sizes;
    });
  }

  /** @throws TesseraError `STORAGE_FAILED`; then the block is not there */
  write(cid: CID, bytes: Uint8Array): Promise<void> {
    return storing(async () => {
      const name = cid.toString();
      const incoming = join(this.#incoming, randomUUID());
      try {
        await writeNew(incoming, bytes);
        const shard = this.#shard(name);
        if (!this.#shards.has(shard)) await mkdir(shard, { recursive: true });
        this.#shards.add(shard);
        await rename(incoming, this.#path(name));
      } catch (error) {
        await rm(incoming, { force: true });
        throw error;
      }
      this.#checked.add(name);
    });
  }

  /**
   * The block, or undefined where it is missing or its bytes are not those of its CID.
   *
   * @param room memory of its length, that it is read into
   */
  read(cid: CID, room: Uint8Array): Promise<Uint8Array | undefined> {
    return storing(async () => {
      const name = cid.toString();
      let block: Uint8Array;
      try {
        block = await readInto(room, this.#path(name));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
      if (!this.#checked.has(name)) {
        if (!matches(cid, block)) return undefined;
        this.#checked.add(name);
      }
      return block;
    });
  }

  async remove(name: string): Promise<void> {
    this.#checked.delete(name);
    await storing(() => rm(this.#path(name), { force: true }));
  }

  #shard(name: string): string {
    return join(this.#blocks, name.slice(-3, -1));
  }

  #path(name: string): string {
    return join(this.#shard(name), name);
  }
}

/** One write for all: `writeFile` takes several for a block. */
async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, 'wx');
  for (let written = 0; written < bytes.length; ) {
    written += (await file.write(bytes, written)).bytesWritten;
  }
}

/** In one read where the system gives so much at once: `readFile` takes several for a block. */
async function readInto(room: Uint8Array, path: string): Promise<Uint8Array> {
  await using file = await open(path);
  let filled = 0;
  while (filled < room.length) {
    const { bytesRead } = await file.read(room, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return room.subarray(0, filled);
}

/** Whether bytes have the sha2-256 that a CID names. */
export function matches(cid: CID, bytes: Uint8Array): boolean {
  return hash('sha256', bytes, 'buffer').equals(cid.multihash.digest);
}
