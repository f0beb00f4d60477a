import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import type { ArtifactCache, OpenEntry } from '../../artifacts/cache.ts';
import type { Call } from '../call.ts';
import { gnarkVersion } from './build.ts';
import { type SetupRecord, writeSetupRecord } from './verifier/index.ts';

/** Whose keys a circuit is proven with: one party's, made on the spot, or those of a finished ceremony. */
export type SetupPolicy = SetupRecord['trust'];

/** Part of every cache key: raise it when the files or what they mean change. */
const layoutVersion = 2;
const kind = 'groth16-keys';
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

/** The cache's entry of a circuit's keys under a policy, made by `make` where it is missing. */
export function openKeys(
  cache: ArtifactCache,
  constraints: Hex32,
  trust: SetupPolicy,
  make: (paths: KeyPaths) => Promise<MadeKeys>,
  signal?: AbortSignal,
): Promise<OpenEntry> {
  return cache.open(
    kind,
    { layoutVersion, gnark: gnarkVersion, constraints, trust },
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
