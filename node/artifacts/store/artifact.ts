import type { CID } from 'multiformats/cid';
import type { Hex32 } from '../../../protocol/edge.ts';

/** A whole artifact in the store. */
export interface Artifact {
  cid: CID;
  bytes: number;
  /** Of all its bytes; the name that manifests use. */
  sha256: Hex32;
  /** Whether it stays until the user says otherwise. */
  pinned: boolean;
  /** The jobs, assignments and proofs that it stays for, e.g. `job/` and the id. */
  keptFor: readonly string[];
  /** Whether the network is told that it can be fetched here. */
  announced: boolean;
  lastUsed: Date;
}

export interface KeepOptions {
  /** Keep it whatever room is needed. */
  pin?: boolean;
  /** Keep it until this is released. */
  keepFor?: string;
  /** Tell the network; true unless given. An artifact once announced stays so. */
  announce?: boolean;
}

export interface AddOptions extends KeepOptions {
  signal?: AbortSignal;
  /** @param bytes read so far */
  onProgress?: (bytes: number) => void;
}

/** Keeps an artifact from being dropped until it is released. */
export interface Lease {
  release(): void;
}

/** An artifact whose blocks come in one by one; it is leased until it is released. */
export interface Incoming {
  /** A block that is there, hashed; undefined where it is missing or damaged. */
  read(cid: CID): Promise<Uint8Array | undefined>;
  /** Whether a block is there; its bytes are looked at only when it is read. */
  has(cid: CID): boolean;
  /** Stores a block that its caller has hashed. */
  put(cid: CID, block: Uint8Array): Promise<void>;
  /** Notes that all blocks are there. */
  complete(whole: { bytes: number; sha256: Hex32 }, options?: KeepOptions): Promise<Artifact>;
  /** Leaves what came so far in the store, to go on with later; it is dropped first where room is needed. */
  release(): Promise<void>;
}
