import type { Command } from 'commander';
import type { CacheEntry } from '../../artifacts/cache.ts';
import { showMemory } from '../../memory.ts';
import { openCache } from '../cache.ts';
import type { Context } from '../context.ts';
import { memory } from '../options.ts';
import { addVerb } from '../verb.ts';

/** `tessera cache ls | prune`: what was made and can be made again. */
export function cacheVerb(program: Command, context: Context): void {
  const cache = program
    .command('cache')
    .description('List or shrink the cache of circuits, keys and proofs.');

  addVerb(cache, {
    usage: 'ls',
    description: 'List the entries, least recently used first.',
    examples: ['tessera cache ls', 'tessera cache ls --json'],
  }).action(async () => {
    const entries = await openCache(context.settings).list();
    context.output.result({ entries, bytes: total(entries) }, describe(entries, 'kept'));
  });

  addVerb(cache, {
    usage: 'prune',
    description: 'Remove entries, least recently used first; those in use stay.',
    examples: ['tessera cache prune', 'tessera cache prune --to 5GiB --json'],
  })
    .option('--to <size>', 'keep this much; everything goes without it', memory)
    .action(async ({ to = 0 }: { to?: number }) => {
      const removed = await openCache(context.settings).prune({ maxBytes: to });
      context.output.result({ removed, bytes: total(removed) }, describe(removed, 'removed'));
    });
}

function total(entries: readonly CacheEntry[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0);
}

function describe(entries: readonly CacheEntry[], fate: string): string {
  const lines = entries.map(
    ({ kind, key, bytes, lastUsed, inUse }) =>
      `${kind}/${key.slice(0, 12)}  ${showMemory(bytes)}  ${lastUsed.toISOString()}${inUse ? '  in use' : ''}`,
  );
  return [...lines, `${entries.length} entries ${fate}, ${showMemory(total(entries))}`].join('\n');
}
