import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { type ImporterOptions, importFile } from 'ipfs-unixfs-importer';
import type { CID } from 'multiformats/cid';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { throwIfAborted } from '../../abort.ts';
import type { AddOptions, Artifact, Incoming, KeepOptions, Lease } from './artifact.ts';
import { type ArtifactRecord, ArtifactRecords } from './artifact-records.ts';
import type { Part } from './dag.ts';
import { describe, describeWhole, type Entry, isHeld, newEntry } from './entry.ts';
import { HeldBlocks } from './held-blocks.ts';
import { walkArtifact } from './walk.ts';

export interface ArtifactStoreInit {
  directory: string;
  /** Bytes of blocks to keep at most; the least recently used artifacts go first. */
  maxBytes: number;
}

/** Four blocks are hashed and written at once: enough to keep a disk busy. */
const importOptions: ImporterOptions = { profile: 'unixfs-v1-2025', blockWriteConcurrency: 4 };

/** The CID that bytes have as an artifact, which are kept nowhere. */
export async function cidOf(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<CID> {
  const { cid } = await importFile({ content: source }, { put: async (made: CID) => made }, importOptions);
  return cid;
}

/**
 * Artifacts on disk, by CID. Blocks that several artifacts share are kept once. Where room is needed, whole artifacts go,
 * least recently used first, never one that is pinned, leased, or kept for something. What it knows is rebuilt from the
 * disk when it is opened. One process at a time may have it open.
 */
export class ArtifactStore {
  /** Artifacts that became whole, and such that are no longer. */
  readonly events = new EventEmitter<{ added: [Artifact]; removed: [CID] }>();
  readonly #blocks: HeldBlocks;
  readonly #records: ArtifactRecords;
  readonly #entries = new Map<string, Entry>();
  /** In ms since the epoch. */
  #lastUse = 0;

  private constructor(blocks: HeldBlocks, records: ArtifactRecords) {
    this.#blocks = blocks;
    this.#records = records;
  }

  /**
   * Opens the store in a directory, and removes what interrupted work left there.
   *
   * @throws TesseraError `STORAGE_FAILED`
   */
  static async open(init: ArtifactStoreInit): Promise<ArtifactStore> {
    const blocks = await HeldBlocks.open({
      ...init,
      evict: () => store.#evict(),
      onLost: (name) => store.#lose(name),
    });
    const store = new ArtifactStore(blocks, new ArtifactRecords(init.directory));
    await store.#rebuild();
    // The limit may be lower than it was.
    await blocks.reserve(0);
    return store;
  }

  /** Bytes that blocks take on disk. */
  get bytes(): number {
    return this.#blocks.bytes;
  }

  /** Bytes that they may take. */
  get maxBytes(): number {
    return this.#blocks.maxBytes;
  }

  /** All whole artifacts, least recently used first. */
  ls(): Artifact[] {
    return [...this.#entries.values()]
      .map(describe)
      .filter((artifact) => artifact !== undefined)
      .sort((one, other) => one.lastUsed.getTime() - other.lastUsed.getTime());
  }

  /** A whole artifact; undefined where there is none. */
  find(cid: CID): Artifact | undefined {
    const entry = this.#entries.get(cid.toString());
    return entry === undefined ? undefined : describe(entry);
  }

  /** The whole artifact of this sha2-256; undefined where there is none. */
  findByDigest(sha256: Hex32): Artifact | undefined {
    for (const entry of this.#entries.values()) {
      if (entry.record.whole?.sha256 === sha256) return describe(entry);
    }
    return undefined;
  }

  /**
   * Stores bytes as an artifact.
   *
   * @throws TesseraError `STORAGE_FAILED` when the disk or the limit has no room, `ABORTED`, or what the source
   *   throws; then nothing is left behind
   */
  async add(
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    options: AddOptions = {},
  ): Promise<Artifact> {
    const draft = newEntry(undefined);
    const hash = createHash('sha256');
    let bytes = 0;
    async function* content() {
      for await (const chunk of source) {
        throwIfAborted(options.signal);
        hash.update(chunk);
        bytes += chunk.length;
        yield chunk;
        options.onProgress?.(bytes);
      }
    }
    try {
      const blocks = {
        put: async (cid: CID, block: Uint8Array) => {
          await this.#put(draft, cid, block);
          return cid;
        },
      };
      const { cid } = await importFile({ content: content() }, blocks, importOptions);
      const entry = this.#entries.get(cid.toString()) ?? this.#enter(cid);
      entry.leases += 1;
      try {
        for (const name of draft.blocks) this.#blocks.hold(entry, name);
        return await this.#finish(entry, { bytes, sha256: hash.digest('hex') }, options);
      } finally {
        entry.leases -= 1;
      }
    } finally {
      await this.#drop(draft);
    }
  }

  /**
   * The bytes of a whole artifact, block by block; it is leased meanwhile.
   *
   * @throws TesseraError `ARTIFACT_MISSING` when it is not there whole, `STORAGE_FAILED`, `ABORTED`
   */
  async *get(cid: CID, options: { signal?: AbortSignal } = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const entry = this.#whole(cid);
    entry.leases += 1;
    try {
      await this.#touch(entry);
      for await (const block of this.#content(cid)) {
        throwIfAborted(options.signal);
        yield block;
      }
    } finally {
      entry.leases -= 1;
    }
  }

  /** @throws TesseraError `ARTIFACT_MISSING` when it is not there whole, `STORAGE_FAILED` */
  async pin(cid: CID): Promise<Artifact> {
    return this.#change(cid, { pinned: true });
  }

  /** @throws TesseraError `ARTIFACT_MISSING` when it is not there whole, `STORAGE_FAILED` */
  async unpin(cid: CID): Promise<Artifact> {
    return this.#change(cid, { pinned: false });
  }

  /**
   * Keeps a whole artifact until what has this id is over, after a restart, too.
   *
   * @throws TesseraError `ARTIFACT_MISSING` when it is not there whole, `STORAGE_FAILED`
   */
  async keepFor(cid: CID, id: string): Promise<Artifact> {
    return this.#change(cid, { keptFor: including(this.#whole(cid).record.keptFor, id) });
  }

  /**
   * Lets go of what was kept for something, unless something else keeps it.
   *
   * @param cids only these; all unless given
   * @throws TesseraError `STORAGE_FAILED`
   */
  async release(id: string, cids?: ReadonlySet<string>): Promise<void> {
    for (const [name, entry] of this.#entries) {
      const { cid, record } = entry;
      if (cid === undefined || !record.keptFor.includes(id) || cids?.has(name) === false) continue;
      await this.#write(cid, entry, { keptFor: record.keptFor.filter((other) => other !== id) });
    }
  }

  /**
   * Keeps a whole artifact for work that needs it.
   *
   * @throws TesseraError `ARTIFACT_MISSING`
   */
  lease(cid: CID): Lease {
    const entry = this.#whole(cid);
    entry.leases += 1;
    return { release: once(() => (entry.leases -= 1)) };
  }

  /**
   * One block of any artifact, whole or not; undefined where it is missing.
   *
   * @param room memory to read it into, of at least `artifactLayout.leafBytes`; new memory is taken without it
   */
  async readBlock(cid: CID, room?: Uint8Array): Promise<Uint8Array | undefined> {
    const name = cid.toString();
    if (!this.#blocks.has(name)) return undefined;
    const entry = this.#entries.get(name);
    if (entry !== undefined) await this.#touch(entry);
    return this.#blocks.read(cid, room);
  }

  /** Whether a block belongs to an artifact, as far as it is there. */
  holds(artifact: CID, block: CID): boolean {
    return this.#entries.get(artifact.toString())?.blocks.has(block.toString()) ?? false;
  }

  /** Begins or goes on to receive an artifact's blocks. */
  async receive(cid: CID): Promise<Incoming> {
    const known = this.#entries.get(cid.toString());
    const entry = known ?? this.#enter(cid);
    entry.leases += 1;
    let released = false;
    const release = async () => {
      if (released) return;
      released = true;
      entry.leases -= 1;
      if (entry.leases === 0 && entry.blocks.size === 0) await this.#drop(entry);
    };
    try {
      // So that blocks are still somebody's after a restart.
      if (known === undefined) await this.#records.write(cid, entry.record);
    } catch (error) {
      await release();
      throw error;
    }
    return {
      has: (block) => entry.blocks.has(block.toString()),
      read: (block) => this.#blocks.read(block),
      put: (block, bytes) => this.#put(entry, block, bytes),
      complete: (whole, options = {}) => this.#finish(entry, whole, options),
      release,
    };
  }

  /** Drops an artifact that is neither pinned nor leased; says whether it was there to drop. */
  async remove(cid: CID): Promise<boolean> {
    const entry = this.#entries.get(cid.toString());
    if (entry === undefined || isHeld(entry)) return false;
    await this.#drop(entry);
    return true;
  }

  /** Reads what is on disk; what belongs to no artifact is removed. */
  async #rebuild(): Promise<void> {
    for (const { cid, record, lastUsed } of await this.#records.read()) {
      const entry = this.#enter(cid, record, lastUsed);
      for await (const { part, block } of this.#walk(cid, { leaves: false })) {
        const name = part.cid.toString();
        const there = part.height === 0 || block !== undefined;
        if (this.#blocks.has(name) && there) this.#blocks.hold(entry, name);
        else delete entry.record.whole;
      }
    }
    await this.#blocks.discardUnheld();
  }

  #enter(cid: CID, record?: ArtifactRecord, lastUsed?: Date): Entry {
    const entry = newEntry(cid, record, lastUsed);
    this.#entries.set(cid.toString(), entry);
    return entry;
  }

  #whole(cid: CID): Entry {
    const entry = this.#entries.get(cid.toString());
    if (entry?.record.whole !== undefined) return entry;
    throw new TesseraError('ARTIFACT_MISSING', {
      message: `The artifact ${cid} is not in the store`,
      remedy: 'Fetch it with `tessera artifacts get`, or add its file with `tessera artifacts add`.',
      details: { cid: cid.toString() },
    });
  }

  async #change(cid: CID, change: Partial<Pick<ArtifactRecord, 'pinned' | 'keptFor'>>): Promise<Artifact> {
    const entry = this.#whole(cid);
    await this.#write(cid, entry, change);
    await this.#touch(entry);
    return describeWhole(entry);
  }

  async #touch(entry: Entry): Promise<void> {
    // No two uses at the same time, so that their order is never in doubt.
    this.#lastUse = Math.max(Date.now(), this.#lastUse + 1);
    entry.lastUsed = new Date(this.#lastUse);
    const { cid, record } = entry;
    if (cid !== undefined && record.whole !== undefined) await this.#records.touch(cid, entry.lastUsed);
  }

  /** Notes that an artifact is whole. */
  async #finish(
    entry: Entry,
    whole: { bytes: number; sha256: Hex32 },
    { pin = false, keepFor, announce = true }: KeepOptions,
  ): Promise<Artifact> {
    const { cid, record } = entry as Entry & { cid: CID };
    await this.#write(cid, entry, {
      whole,
      pinned: record.pinned || pin,
      keptFor: keepFor === undefined ? record.keptFor : including(record.keptFor, keepFor),
      announced: record.announced || announce,
    });
    await this.#touch(entry);
    const artifact = describeWhole(entry);
    this.events.emit('added', artifact);
    return artifact;
  }

  /** Changes what is known of an artifact. */
  async #write(cid: CID, entry: Entry, change: Partial<ArtifactRecord>): Promise<void> {
    // Before it is written: of two changes at once, neither must undo the other.
    entry.record = { ...entry.record, ...change };
    await this.#records.write(cid, entry.record);
  }

  #walk(root: CID, options?: { leaves: boolean }) {
    return walkArtifact(root, (cid) => this.#blocks.read(cid), options);
  }

  async *#content(cid: CID): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const { part, block } of this.#walk(cid)) {
      if (block === undefined) throw damaged(cid, part);
      if (part.height === 0) yield block;
    }
  }

  /** A block turned out to be damaged: what held it is no longer whole, and can be fetched again. */
  #lose(name: string): void {
    for (const entry of this.#entries.values()) {
      if (!entry.blocks.delete(name) || entry.record.whole === undefined) continue;
      delete entry.record.whole;
      if (entry.cid !== undefined) this.events.emit('removed', entry.cid);
    }
  }

  async #put(entry: Entry, cid: CID, bytes: Uint8Array): Promise<void> {
    await this.#blocks.put(entry, cid, bytes);
    // Its artifact was given up meanwhile.
    if (entry.gone) await this.#blocks.unhold(entry, [cid.toString()]);
  }

  async #drop(entry: Entry): Promise<void> {
    const { cid, record } = entry;
    entry.gone = true;
    if (cid !== undefined) {
      this.#entries.delete(cid.toString());
      if (record.whole !== undefined) this.events.emit('removed', cid);
    }
    const blocks = this.#blocks.unhold(entry, [...entry.blocks]);
    await Promise.all([cid === undefined ? undefined : this.#records.remove(cid), blocks]);
  }

  /** Drops what was used least recently; false where everything is held. */
  async #evict(): Promise<boolean> {
    let victim: Entry | undefined;
    for (const entry of this.#entries.values()) {
      if (!isHeld(entry) && (victim === undefined || entry.lastUsed < victim.lastUsed)) victim = entry;
    }
    if (victim === undefined) return false;
    await this.#drop(victim);
    return true;
  }
}

function damaged(cid: CID, part: Part): TesseraError {
  return new TesseraError('ARTIFACT_MISSING', {
    message: `The artifact ${cid} is damaged: its block ${part.cid} is missing or has other bytes`,
    remedy: 'Fetch it again with `tessera artifacts get`: only the damaged blocks are transferred.',
    details: { cid: cid.toString(), block: part.cid.toString() },
  });
}

function including(ids: readonly string[], id: string): readonly string[] {
  return ids.includes(id) ? ids : [...ids, id];
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    act();
  };
}
