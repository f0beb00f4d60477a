import { ArtifactCache, defaultCacheBytes } from '../artifacts/cache.ts';
import type { Settings } from './settings.ts';

/** The cache in the data directory. */
export function openCache({ directory }: Settings): ArtifactCache {
  return new ArtifactCache({ directory: directory.cache, maxBytes: defaultCacheBytes });
}
