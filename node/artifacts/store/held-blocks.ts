import type { CID } from 'multiformats/cid';
import { TesseraError } from '../../../protocol/errors.ts';
import { BlockDirectory } from './block-directory.ts';

/** Whoever has a use for blocks: each holder counts once. */
export interface BlockHolder {
  /** Names of the blocks that it holds. */
  readonly blocks: Set<string>;
}

export interface HeldBlocksInit {
  directory: string;
  /** Bytes of blocks to keep at most. */
  maxBytes: number;
  /** Has a holder let go of its blocks, to make room; false where none can. */
  evict: () => Promise<boolean>;
  /** Is told of a block that turned out to be damaged; it is gone for all its holders. */
  onLost: (name: string) => void;
}

interface StoredBlock {
  bytes: number;
  holders: number;
}

/** Blocks on disk under a limit, each kept once and as long as somebody holds it. */
export class HeldBlocks {
  readonly maxBytes: number;
  readonly #directory: BlockDirectory;
  readonly #evict: HeldBlocksInit['evict'];
  readonly #onLost: HeldBlocksInit['onLost'];
  readonly #stored = new Map<string, StoredBlock>();
  /** The last write or removal of each block that is not finished: one block's must not overtake one another. */
  readonly #pending = new Map<string, Promise<unknown>>();
  #bytes = 0;

  private constructor(directory: BlockDirectory, { maxBytes, evict, onLost }: HeldBlocksInit) {
    this.maxBytes = maxBytes;
    this.#directory = directory;
    this.#evict = evict;
    this.#onLost = onLost;
  }

  /**
   * Opens what is on disk; nobody holds it yet.
   *
   * @throws TesseraError `STORAGE_FAILED`
   */
  static async open(init: HeldBlocksInit): Promise<HeldBlocks> {
    const directory = await BlockDirectory.open(init.directory);
    const blocks = new HeldBlocks(directory, init);
    for (const [name, bytes] of await directory.sizes()) {
      blocks.#stored.set(name, { bytes, holders: 0 });
      blocks.#bytes += bytes;
    }
    return blocks;
  }

  /** Bytes on disk, those included that are being written. */
  get bytes(): number {
    return this.#bytes;
  }

  has(name: string): boolean {
    return this.#stored.has(name);
  }

  /** The block, hashed; undefined where it is missing or damaged. @param room memory for it, at least as large */
  async read(cid: CID, room?: Uint8Array): Promise<Uint8Array | undefined> {
    const name = cid.toString();
    await this.#pending.get(name);
    const stored = this.#stored.get(name);
    if (stored === undefined) return undefined;
    const memory = room?.subarray(0, stored.bytes) ?? Buffer.allocUnsafeSlow(stored.bytes);
    const block = await this.#directory.read(cid, memory);
    if (block === undefined) {
      this.#onLost(name);
      await this.#discard([name]);
    }
    return block;
  }

  /**
   * Stores a block that its caller has hashed, and has it held.
   *
   * @throws TesseraError `STORAGE_FAILED` when the disk or the limit has no room
   */
  async put(holder: BlockHolder, cid: CID, bytes: Uint8Array): Promise<void> {
    const name = cid.toString();
    await this.#inTurn(name, async () => {
      if (!this.#stored.has(name)) {
        await this.reserve(bytes.length);
        try {
          await this.#directory.write(cid, bytes);
        } catch (error) {
          this.#bytes -= bytes.length;
          throw error;
        }
        this.#stored.set(name, { bytes: bytes.length, holders: 0 });
      }
      this.hold(holder, name);
    });
  }

  /** Has a block held, where it is there. */
  hold(holder: BlockHolder, name: string): void {
    const stored = this.#stored.get(name);
    if (stored === undefined || holder.blocks.has(name)) return;
    holder.blocks.add(name);
    stored.holders += 1;
  }

  /** Lets go of blocks; removes those that nobody else holds. */
  async unhold(holder: BlockHolder, names: readonly string[]): Promise<void> {
    const unheld = names.filter((name) => {
      const stored = this.#stored.get(name);
      if (stored === undefined || !holder.blocks.delete(name)) return false;
      stored.holders -= 1;
      return stored.holders === 0;
    });
    await this.#discard(unheld);
  }

  /** Removes blocks that nobody holds. */
  async discardUnheld(): Promise<void> {
    await this.#discard([...this.#stored].flatMap(([name, { holders }]) => (holders === 0 ? [name] : [])));
  }

  /**
   * Takes room for so many bytes.
   *
   * @throws TesseraError `STORAGE_FAILED` when too much of it is held
   */
  async reserve(bytes: number): Promise<void> {
    while (this.#bytes + bytes > this.maxBytes) {
      if (!(await this.#evict())) throw this.#full(bytes);
    }
    this.#bytes += bytes;
  }

  async #discard(names: readonly string[]): Promise<void> {
    // What is gone makes room at once: whoever waits for room must not drop more than is needed.
    for (const name of names) {
      this.#bytes -= this.#stored.get(name)?.bytes ?? 0;
      this.#stored.delete(name);
    }
    for (const name of names) {
      await this.#inTurn(name, async () => {
        // It may have been put again while this waited.
        if (!this.#stored.has(name)) await this.#directory.remove(name);
      });
    }
  }

  #inTurn<T>(name: string, act: () => Promise<T>): Promise<T> {
    const before = this.#pending.get(name) ?? Promise.resolve();
    const turn = before.then(act, act);
    const settled = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#pending.set(name, settled);
    void settled.then(() => {
      if (this.#pending.get(name) === settled) this.#pending.delete(name);
    });
    return turn;
  }

  #full(bytes: number): TesseraError {
    return new TesseraError('STORAGE_FAILED', {
      message: `The artifact store has no room for ${bytes} bytes: of its ${this.maxBytes} bytes, pinned artifacts and running work hold ${this.#bytes}`,
      remedy: 'Unpin artifacts with `tessera artifacts unpin`, or raise the limit.',
      details: { maxBytes: this.maxBytes, heldBytes: this.#bytes },
    });
  }
}
