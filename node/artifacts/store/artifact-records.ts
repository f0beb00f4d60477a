import { mkdir, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { CID } from 'multiformats/cid';
import writeFileAtomic from 'write-file-atomic';
import type { Hex32 } from '../../../protocol/edge.ts';
import { storing } from '../storage-error.ts';
import { parseArtifactCid } from './artifact-cid.ts';

/** What is known of an artifact besides its blocks. */
export interface ArtifactRecord {
  /** What the whole artifact is; absent while blocks are still to be fetched. */
  whole?: { bytes: number; sha256: Hex32 };
  /** Kept whatever room is needed, until the user says otherwise. */
  pinned: boolean;
  /** What it is kept for besides, each until it is over. */
  keptFor: readonly string[];
  /** Announced to the network. */
  announced: boolean;
}

/** An artifact's CID in base 32, whose 36 bytes take 58 characters. */
const recordFile = /^(b[a-z2-7]{58})\.json$/;

/** Records on disk: `artifacts/CID.json`, whose modification time is when the artifact was last used. */
export class ArtifactRecords {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = join(directory, 'artifacts');
  }

  /** All records. A damaged one counts as none: its blocks are then nobody's. */
  read(): Promise<{ cid: CID; record: ArtifactRecord; lastUsed: Date }[]> {
    return storing(async () => {
      await mkdir(this.#directory, { recursive: true });
      const records = [];
      for (const name of await readdir(this.#directory)) {
        const [, text] = recordFile.exec(name) ?? [];
        if (text === undefined) continue;
        const cid = parseArtifactCid(text);
        const path = join(this.#directory, name);
        const record = parseRecord(await readFile(path, 'utf8'));
        if (record === undefined) continue;
        records.push({ cid, record, lastUsed: (await stat(path)).mtime });
      }
      return records;
    });
  }

  write(cid: CID, record: ArtifactRecord): Promise<void> {
    // Not forced onto the disk, as blocks are not: what a power cut takes is fetched again, and a node that fetches for
    // many segments would wait for the disk most of the time.
    return storing(() => writeFileAtomic(this.#path(cid), JSON.stringify(record), { fsync: false }));
  }

  /** Notes that the artifact was used. */
  touch(cid: CID, when: Date): Promise<void> {
    return storing(() => utimes(this.#path(cid), when, when));
  }

  remove(cid: CID): Promise<void> {
    return storing(() => rm(this.#path(cid), { force: true }));
  }

  #path(cid: CID): string {
    return join(this.#directory, `${cid}.json`);
  }
}

function parseRecord(text: string): ArtifactRecord | undefined {
  try {
    const { whole, ...rest } = JSON.parse(text) as Partial<ArtifactRecord>;
    const { pinned, keptFor = [], announced } = rest;
    if (typeof pinned !== 'boolean' || typeof announced !== 'boolean') return undefined;
    if (!Array.isArray(keptFor)) return undefined;
    return { ...(whole === undefined ? {} : { whole }), pinned, keptFor, announced };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
