import type { Command } from 'commander';
import type { CacheEntry } from '../../artifacts/cache.ts';
import { showMemory } from '../../memory.ts';
import { type KeptCalibration, openCalibrationStore } from '../../plan/calibration-store.ts';
import { groth16KeysKind } from '../../provers/groth16/keys.ts';
import { openCache } from '../cache.ts';
import type { Context } from '../context.ts';
import { memory } from '../options.ts';
import { addVerb } from '../verb.ts';

interface PruneFlags {
  to?: number;
  keys?: boolean;
  calibrations?: boolean;
}

/** `tessera cache ls | prune`: what was made, most of which can be made again. */
export function cacheVerb(program: Command, context: Context): void {
  const cache = program
    .command('cache')
    .description('List or shrink the cache of circuits, keys and proofs.');

  addVerb(cache, {
    usage: 'ls',
    description: 'List the entries, least recently used first, and the ranges kept of models’ inputs.',
    examples: ['tessera cache ls', 'tessera cache ls --json'],
  }).action(async () => {
    const { settings, output } = context;
    const entries = await openCache(settings).list();
    const calibrations = await openCalibrationStore(settings.directory.calibrations).list();
    output.result(
      { entries, bytes: total(entries), calibrations },
      [
        describe(entries, 'kept'),
        ...describeCalibrations(calibrations, 'kept (tessera cache prune --calibrations forgets them)'),
      ].join('\n'),
    );
  });

  addVerb(cache, {
    usage: 'prune',
    description:
      'Remove what can be made again, least recently used first; what is in use stays, and so do keys of Groth16.',
    examples: [
      'tessera cache prune',
      'tessera cache prune --to 5GiB --json',
      'tessera cache prune --keys',
      'tessera cache prune --calibrations',
    ],
  })
    .option('--to <size>', 'keep this much; everything goes without it', memory)
    .option('--keys', 'remove Groth16 keys too: keys made again are others, and so is the id of their model')
    .option(
      '--calibrations',
      'forget the ranges that models’ inputs have shown, and without --to or --keys nothing else',
    )
    .action(async (flags: PruneFlags) => {
      const { settings, output } = context;
      const { to = 0, keys = false } = flags;
      const onlyCalibrations = flags.calibrations === true && flags.to === undefined && !keys;
      const calibrations =
        flags.calibrations === true
          ? await openCalibrationStore(settings.directory.calibrations).clear()
          : [];
      const artifacts = openCache(settings);
      const removed = onlyCalibrations
        ? []
        : await artifacts.prune({ maxBytes: to, keeps: ({ kind }) => !keys && kind === groth16KeysKind });
      const left = await artifacts.list();
      const kept = keys || onlyCalibrations ? [] : left.filter(({ kind }) => kind === groth16KeysKind);
      output.result(
        { removed, bytes: total(removed), kept, calibrations },
        [
          ...(onlyCalibrations ? [] : [describe(removed, 'removed')]),
          ...describeKept(kept),
          ...describeCalibrations(calibrations, 'forgotten'),
          ...(onlyCalibrations && calibrations.length === 0 ? ['no ranges were kept'] : []),
        ].join('\n'),
      );
    });
}

function total(entries: readonly { bytes: number }[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0);
}

function describe(entries: readonly CacheEntry[], fate: string): string {
  const lines = entries.map(
    ({ kind, key, bytes, lastUsed, inUse }) =>
      `${kind}/${key.slice(0, 12)}  ${showMemory(bytes)}  ${lastUsed.toISOString()}${inUse ? '  in use' : ''}`,
  );
  return [...lines, `${entries.length} entries ${fate}, ${showMemory(total(entries))}`].join('\n');
}

function describeKept(kept: readonly CacheEntry[]): string[] {
  if (kept.length === 0) return [];
  return [
    `${kept.length} keys of Groth16 stay, ${showMemory(total(kept))}: made again they are others, and later certificates of their models have another id. --keys removes them too.`,
  ];
}

function describeCalibrations(calibrations: readonly KeptCalibration[], fate: string): string[] {
  if (calibrations.length === 0) return [];
  const models = calibrations.length === 1 ? '1 model' : `${calibrations.length} models`;
  return [`ranges that inputs of ${models} have shown: ${fate}`];
}
