/**
 * Bytes kept and fetched by content: the cache of what can be made again, and downloads of known digest.
 *
 * @packageDocumentation
 */
export { ArtifactCache, type CacheEntry, type CacheInit, type CacheInputs, type OpenEntry } from './cache.ts';
export { type DownloadOptions, download } from './download.ts';
