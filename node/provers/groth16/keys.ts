import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import type { ArtifactCache, OpenEntry } from '../../artifacts/cache.ts';
import type { Call } from '../call.ts';
import { readSetupRecord, type SetupRecord, writeSetupRecord } from './verifier/index.ts';
import { gnarkVersion } from './worker-path.ts';

/** Whose keys a circuit is proven with: one party's, made on the spot, or those of a finished ceremony. */
export type SetupPolicy = SetupRecord['trust'];

/** Part of every cache key: raise it when the files or what they mean change. */
const layoutVersion = 2;
/** What the cache calls them: made again they are others, so the cache's owner is asked before they go. */
export const groth16KeysKind = 'groth16-keys';
const files = {
  provingKey: 'proving.key',
  verifyingKey: 'verifying.key',
  setup: 'setup.json',
  digests: 'digests.json',
} as const;

/** Where a maker of keys writes them. */
export interface KeyPaths {
  provingKey: string;
  verifyingKey: string;
}

/** What it says of them: where they come from, and sha2-256 of the proving key. */
export interface MadeKeys {
  record: SetupRecord;
  provingKeyDigest: Hex32;
}

/** Which keys of a circuit: this machine's under a policy, or those of a peer, by the digests of what it sent. */
export type KeyOrigin = SetupPolicy | { verifyingKey: Hex32; provingKey: Hex32 };

/** The cache's entry of a circuit's keys of an origin, made by `make` where it is missing. */
export function openKeys(
  cache: ArtifactCache,
  constraints: Hex32,
  origin: KeyOrigin,
  make: (paths: KeyPaths) => Promise<MadeKeys>,
  signal?: AbortSignal,
): Promise<OpenEntry> {
  return cache.open(
    groth16KeysKind,
    {
      layoutVersion,
      gnark: gnarkVersion,
      constraints,
      ...(typeof origin === 'string' ? { trust: origin } : { peer: origin }),
    },
    async (directory) => {
      const { record, provingKeyDigest } = await make(keyPaths(directory));
      await writeFile(join(directory, files.setup), writeSetupRecord(record));
      await writeFile(join(directory, files.digests), JSON.stringify({ provingKeyDigest }));
    },
    signal,
  );
}

/** A one-party setup of the worker's: whoever could read its memory could forge proofs. */
export async function developmentSetup(
  constraints: { path: string; digest: Hex32 },
  paths: KeyPaths,
  call: Call,
): Promise<MadeKeys> {
  const { value } = await call.request('setup', { constraints: constraints.path, ...paths });
  const { provingKey } = value as { provingKey: Hex32 };
  return {
    record: { trust: 'development', constraints: constraints.digest },
    provingKeyDigest: provingKey,
  };
}

/** The proving key as a peer can read it, made once. */
export function openExportedKey(
  cache: ArtifactCache,
  keys: OpenEntry,
  call: Call,
  whenFree: (work: () => Promise<void>) => Promise<void>,
): Promise<OpenEntry> {
  return cache.open(
    'groth16-exported-key',
    { layoutVersion, keys: keys.key },
    async (directory) => {
      const { provingKey, provingKeyDigest } = await loadParameters(keys);
      const out = exportedKeyPath(directory);
      await whenFree(
        async () => void (await call.request('exportKey', { provingKey, provingKeyDigest, out })),
      );
    },
    call.signal,
  );
}

export function exportedKeyPath(directory: string): string {
  return join(directory, 'proving-key.bin');
}

/**
 * Makes a peer's keys this machine's own: every point of them is checked to lie in its group.
 *
 * @param exported path of what {@link openExportedKey} of the peer holds
 * @throws TesseraError `PROVER_FAILED` for files that are not keys of a circuit of this size
 */
export async function importKeys(
  constraints: string,
  exported: string,
  stated: { verifyingKey: Uint8Array; setup: Uint8Array },
  paths: KeyPaths,
  call: Call,
): Promise<MadeKeys> {
  const exportedVerifier = `${paths.verifyingKey}.stated`;
  await writeFile(exportedVerifier, stated.verifyingKey);
  const { value } = await call.request('importKeys', { constraints, exported, exportedVerifier, ...paths });
  await rm(exportedVerifier);
  const { provingKey } = value as { provingKey: Hex32 };
  return { record: readSetupRecord(stated.setup), provingKeyDigest: provingKey };
}

/**
 * Keys of a ceremony are not made on the spot.
 *
 * @param path the constraint system, which a ceremony would start from
 * @throws TesseraError `KEYS_MISSING`
 */
export function requireCeremony(constraints: Hex32, path: string): never {
  throw new TesseraError('KEYS_MISSING', {
    message: `No finished ceremony has made keys for the constraints ${constraints}`,
    remedy: `Start one: tessera ceremony init FOLDER --constraints ${path}. Or make the keys of a finished one here: tessera ceremony finalize FOLDER. Or allow development keys: --setup development`,
    details: { constraints, path },
  });
}

/** Longer than any verifying key or record of a setup that this program makes. */
const maxArtifactBytes = 2 ** 25;

/**
 * What a peer's segment comes with.
 *
 * @throws TesseraError `PROVER_FAILED` where a file is missing or too large
 */
export async function readPeerKeys(
  files: ReadonlyMap<string, string>,
): Promise<{ exported: string; verifyingKey: Uint8Array; setup: Uint8Array }> {
  const [exported, verifyingKey, setup] = ['provingKey', 'verifyingKey', 'setup'].map((role) =>
    files.get(role),
  );
  if (exported === undefined || verifyingKey === undefined || setup === undefined) {
    throw new TesseraError('PROVER_FAILED', { message: 'The segment comes without its keys' });
  }
  const read = async (path: string) => {
    if ((await stat(path)).size > maxArtifactBytes) {
      throw new TesseraError('PROVER_FAILED', {
        message: 'The segment’s verifying key or setup is too large',
      });
    }
    return new Uint8Array(await readFile(path));
  };
  return { exported, verifyingKey: await read(verifyingKey), setup: await read(setup) };
}

/** Paths of what {@link readKeyArtifacts} reads, by role. */
export function keyArtifactPaths(entry: OpenEntry): ReadonlyMap<string, string> {
  return new Map([
    ['verifyingKey', join(entry.path, files.verifyingKey)],
    ['setup', join(entry.path, files.setup)],
  ]);
}

/** What a verifier needs, by role. */
export async function readKeyArtifacts(entry: OpenEntry): Promise<{
  verifyingKey: Uint8Array;
  setup: Uint8Array;
}> {
  return {
    verifyingKey: new Uint8Array(await readFile(join(entry.path, files.verifyingKey))),
    setup: new Uint8Array(await readFile(join(entry.path, files.setup))),
  };
}

/** What the worker loads. */
export async function loadParameters(entry: OpenEntry): Promise<KeyPaths & { provingKeyDigest: Hex32 }> {
  const digests = JSON.parse(await readFile(join(entry.path, files.digests), 'utf8')) as {
    provingKeyDigest: Hex32;
  };
  return { ...keyPaths(entry.path), provingKeyDigest: digests.provingKeyDigest };
}

function keyPaths(directory: string): KeyPaths {
  return {
    provingKey: join(directory, files.provingKey),
    verifyingKey: join(directory, files.verifyingKey),
  };
}
