import type { CID } from 'multiformats/cid';
import type { Artifact } from './artifact.ts';
import type { ArtifactRecord } from './artifact-records.ts';
import type { BlockHolder } from './held-blocks.ts';

/** One artifact, whole or not, and what keeps it. */
export interface Entry extends BlockHolder {
  cid: CID | undefined;
  record: ArtifactRecord;
  leases: number;
  lastUsed: Date;
  gone: boolean;
}

/** One of which nothing is there yet; a draft has no CID until all its bytes are there. */
export function newEntry(
  cid: CID | undefined,
  record: ArtifactRecord = { pinned: false, keptFor: [], announced: false },
  lastUsed = new Date(),
): Entry {
  return { cid, record, blocks: new Set(), leases: 0, lastUsed, gone: false };
}

/** Whether it stays whatever room is needed. */
export function isHeld({ record, leases }: Entry): boolean {
  return record.pinned || record.keptFor.length > 0 || leases > 0;
}

/** The artifact, where it is whole. */
export function describe(entry: Entry): Artifact | undefined {
  return entry.record.whole === undefined ? undefined : describeWhole(entry);
}

/** @param entry one that is whole, and so no draft */
export function describeWhole({ cid, record, lastUsed }: Entry): Artifact {
  const { whole, ...kept } = record as Required<ArtifactRecord>;
  return { cid: cid as CID, ...whole, ...kept, lastUsed };
}
