import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { hexToBytes } from 'viem';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TesseraError } from '../../../protocol/errors.ts';
import { sha256Hex } from '../../../protocol/ids.ts';
import { ArtifactStore, parseArtifactCid } from '../../artifacts/store/index.ts';
import { proofDirectory } from '../file-store.ts';
import { encodeProofArtifact, maxProofArtifactBytes } from '../proof-artifact.ts';
import { servedProofs } from './served-proofs.ts';

let directory: string;
let stores: ArtifactStore[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-served-proofs-'));
  const open = (name: string) => ArtifactStore.open({ directory: join(directory, name), maxBytes: 2 ** 26 });
  stores = await Promise.all(['claimant', 'watcher'].map(open));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** A node's proofs, with a store of its own, and another's to fetch from by CID, as the network would. */
function node(name: string, own: ArtifactStore, other: ArtifactStore) {
  const artifacts: Parameters<typeof servedProofs>[1] = {
    put: (bytes, options) => own.add([bytes], options),
    async fetchBytes(cid, { maxBytes }) {
      const found = other.find(parseArtifactCid(cid));
      if (found !== undefined && found.bytes <= maxBytes) return buffer(other.get(found.cid));
      throw new TesseraError('DOWNLOAD_FAILED', { message: `nobody has ${cid}` });
    },
  };
  const kept = proofDirectory(join(directory, name, 'proofs'));
  return servedProofs(kept, artifacts, AbortSignal.timeout(600_000));
}

function nodes() {
  const [first, second] = stores as [ArtifactStore, ArtifactStore];
  return { claimant: node('claimant', first, second), watcher: node('watcher', second, first) };
}

describe('what is submitted by its hash', () => {
  it.each([0, 81_920, maxProofArtifactBytes])('is had by who knows the hash, %i bytes', async (size) => {
    const { claimant, watcher } = nodes();
    const bytes = randomBytes(size);
    const digest = await claimant.put(bytes);
    expect(digest).toBe(sha256Hex(bytes));
    expect(Buffer.from((await watcher.get(digest)) ?? []).equals(bytes)).toBe(true);
  });

  it('is nothing to be had while its claimant serves nothing', async () => {
    expect(await nodes().watcher.get('1'.repeat(64))).toBeUndefined();
  });

  it('is refused, and served to nobody, where no transaction could bring it to the chain', async () => {
    const { claimant, watcher } = nodes();
    const bytes = randomBytes(maxProofArtifactBytes + 1);
    await expect(claimant.put(bytes)).rejects.toMatchObject({
      code: 'ENCODING_INVALID',
      details: { bytes: bytes.length },
    });
    expect(await watcher.get(sha256Hex(bytes))).toBeUndefined();
    // Another program may serve it all the same.
    await stores[0]?.add([bytes]);
    expect(await watcher.get(sha256Hex(bytes))).toBeUndefined();
  });

  it('has room for every proof of a circuit that the contracts register', async () => {
    const source = await readFile(new URL('../../../contracts/EzklVerifier.sol', import.meta.url), 'utf8');
    const most = Number(/MAX_PROOF_BYTES = ([\d_]+);/.exec(source)?.[1]?.replaceAll('_', ''));
    expect(most).toBeGreaterThan(0);
    for (const values of [0, most / 32]) {
      const artifact = encodeProofArtifact({
        publicInputs: Array.from({ length: values }, () => 2n ** 253n),
        bytes: new Uint8Array(most - 32 * values),
      });
      expect(hexToBytes(artifact).length).toBeLessThanOrEqual(maxProofArtifactBytes);
    }
  });
});
