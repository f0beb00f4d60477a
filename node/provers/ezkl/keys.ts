import { createHash } from 'node:crypto';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import type { ArtifactCache, OpenEntry } from '../../artifacts/cache.ts';
import type { Call } from '../call.ts';
import type { KeyFile, ReadyKeys } from '../prover.ts';
import { compileEvmVerifier } from './evm-verifier.ts';

/** Part of every cache key: raise it when the files or what they mean change. */
const layoutVersion = 1;
const kinds = { made: 'ezkl-keys', ready: 'ezkl-ready-keys', evmVerifier: 'evm-verifier' } as const;

/** The files of a circuit's keys. */
export const keyFiles = {
  verifyingKey: 'verifying.key',
  provingKey: 'proving.key',
  vka: 'vka.bin',
  evmVerifier: 'evm-verifier.bin',
} as const;

/** What verifying takes; the proving key is larger by orders of magnitude. */
const verifyingFiles = [keyFiles.verifyingKey, keyFiles.vka, keyFiles.evmVerifier] as const;

/** The files that a peer may take instead of making them, by role. */
const readyRoles = ['provingKey', 'verifyingKey'] as const;

/** What keys follow from. */
export interface KeyOrigin {
  /** Identifies the circuit in the cache. */
  key: Hex32;
  circuit: string;
  settings: string;
  srs: { path: string; sha256: Hex32 };
}

/**
 * The cache's entry of a circuit's keys, made where they are missing, or of a peer's, taken in their place. Those of a
 * peer are an entry of their own, by their digests: nobody can spoil the keys that are made here.
 *
 * @param use what for: to verify only, the proving key is not read, and may be damaged
 * @throws TesseraError `PROVER_FAILED`, or what fetching the peer's throws
 */
export async function openKeys(
  cache: ArtifactCache,
  origin: KeyOrigin,
  call: Call,
  use: 'verify' | 'prove',
  ready?: ReadyKeys,
): Promise<OpenEntry> {
  const reads = use === 'verify' ? verifyingFiles : undefined;
  const inputs = { layoutVersion, circuit: origin.key, srs: origin.srs.sha256 };
  const { circuit, srs } = origin;
  if (ready === undefined || (await cache.has(kinds.made, inputs, call.signal, reads))) {
    const make = async (directory: string) => {
      const [verifyingKey, provingKey] = [keyFiles.verifyingKey, keyFiles.provingKey].map((name) =>
        join(directory, name),
      );
      await call.request('setup', { circuit, srs: srs.path, verifyingKey, provingKey });
      await derive(cache, origin, directory, call);
    };
    return cache.open(kinds.made, inputs, make, call.signal, reads);
  }
  const take = async (directory: string) => {
    for (const role of readyRoles) {
      if (await ready.fetch(role, join(directory, keyFiles[role]))) continue;
      throw new TesseraError('PROVER_FAILED', { message: `The peer’s keys come without the ${role}` });
    }
    await derive(cache, origin, directory, call);
  };
  return cache.open(kinds.ready, { ...inputs, ready: ready.digests }, take, call.signal, reads);
}

/** What a peer may take of an entry of {@link openKeys}, by role. */
export function readyKeysOf({ path, files }: OpenEntry): ReadonlyMap<string, KeyFile> {
  return new Map(
    readyRoles.flatMap((role): [string, KeyFile][] => {
      const file = files[keyFiles[role]];
      return file === undefined ? [] : [[role, { ...file, path: join(path, keyFiles[role]) }]];
    }),
  );
}

/** Makes what follows from the verifying key. */
async function derive(
  cache: ArtifactCache,
  { settings, srs }: KeyOrigin,
  directory: string,
  call: Call,
): Promise<void> {
  const common = { verifyingKey: join(directory, keyFiles.verifyingKey), settings, srs: srs.path };
  await call.request('vka', { ...common, vka: join(directory, keyFiles.vka) });
  const source = join(directory, 'verifier.sol');
  await call.request('evmVerifier', { ...common, source });
  const code = await openEvmVerifier(cache, await readFile(source, 'utf8'), call.signal);
  try {
    await copyFile(join(code.path, keyFiles.evmVerifier), join(directory, keyFiles.evmVerifier));
  } finally {
    await code.release();
  }
  await Promise.all([source, `${source}.abi`].map((path) => rm(path, { force: true })));
}

/** The verifier's code is the same for every circuit, and its compiler takes seconds. */
function openEvmVerifier(
  cache: ArtifactCache,
  source: string,
  signal: AbortSignal | undefined,
): Promise<OpenEntry> {
  return cache.open(
    kinds.evmVerifier,
    { layoutVersion, source: createHash('sha256').update(source).digest('hex') },
    async (directory) => {
      const { runtime } = await compileEvmVerifier(source, signal);
      await writeFile(join(directory, keyFiles.evmVerifier), runtime);
    },
    signal,
  );
}
