import { ArtifactCache } from '../artifacts/cache.ts';
import type { Settings } from './settings.ts';

/** Room for the keys of some tens of small circuits or a few large ones. */
export const cacheLimit = 20 * 2 ** 30;

/** The cache in the data directory. */
export function openCache({ directory }: Settings): ArtifactCache {
  return new ArtifactCache({ directory: directory.cache, maxBytes: cacheLimit });
}
