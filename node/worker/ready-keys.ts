import type { ArtifactAccess, FetchOptions } from '../job/artifact-access.ts';
import type { ReadyKeys } from '../provers/prover.ts';
import type { FetchedSegment } from './fetch-segment.ts';

/** What speaks for fetching a segment's keys or for making them. */
export interface KeyChoice {
  /** Of the keys. */
  bytes: number;
  /** That artifacts come with. */
  bytesPerSecond: number;
  /** Seconds that making the keys is expected to take here; infinite where this machine cannot make them. */
  setupSeconds: number;
  /** Bytes that may be taken of the disk. */
  spareDisk: number;
}

/** How often fetched keys lie on the disk: among the artifacts, and where provers keep theirs. */
const copies = 2;

/** The longest that a timer of Node can wait, ms. */
const longestMs = 2 ** 31 - 1;

/** Whether keys are expected to be here sooner when they are fetched, and fit. */
export function fetchIsSooner({ bytes, bytesPerSecond, setupSeconds, spareDisk }: KeyChoice): boolean {
  return bytes / bytesPerSecond < setupSeconds && copies * bytes <= spareDisk;
}

export interface ReadyKeysInit extends Omit<KeyChoice, 'bytes' | 'bytesPerSecond'> {
  artifacts: Pick<ArtifactAccess, 'fetchFile' | 'bytesPerSecond'>;
  /** How to fetch from the requester. */
  options: Pick<FetchOptions, 'source' | 'announce' | 'signal'>;
}

/** The keys that a segment's requester has ready, where it is sooner to fetch them than to make them. */
export function readyKeysFor(
  { recipe: { readyKeys = {} } }: Pick<FetchedSegment, 'recipe'>,
  { artifacts, options, ...choice }: ReadyKeysInit,
): ReadyKeys | undefined {
  const offered = new Map(Object.entries(readyKeys));
  const bytes = [...offered.values()].reduce((sum, key) => sum + key.bytes, 0);
  const { bytesPerSecond } = artifacts;
  if (bytes === 0 || !fetchIsSooner({ ...choice, bytes, bytesPerSecond })) return undefined;
  return {
    digests: Object.fromEntries([...offered].map(([role, { sha256 }]) => [role, sha256])),
    async fetch(role, path) {
      const key = offered.get(role);
      if (key === undefined) return false;
      // Whoever has waited as long as making them takes has lost no more than as much again.
      const patience = AbortSignal.timeout(Math.min(longestMs, Math.ceil(1_000 * choice.setupSeconds)));
      await artifacts.fetchFile(key.cid, path, {
        ...options,
        sha256: key.sha256,
        maxBytes: key.bytes,
        signal: AbortSignal.any([options.signal, patience]),
      });
      return true;
    },
  };
}
