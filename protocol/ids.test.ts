import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { CID } from 'multiformats/cid';
import { describe, expect, it } from 'vitest';
import { manifest as anyManifest } from './fixtures/arbitraries.ts';
import { committed, open, run, toyCertificate } from './fixtures/toy-certificate.ts';
import {
  artifactCid,
  circuitLeaf,
  manifestDigest,
  modelId,
  portHash,
  segmentLeaf,
  sha256Hex,
  srsId,
} from './ids.ts';
import type { Manifest } from './manifest.ts';
import { merkleRoot } from './merkle.ts';

const { manifest } = toyCertificate(run([1n, 2n, 3n, 4n]));

describe('artifacts', () => {
  it('have the CID that other programs give them', () => {
    // sha2-256 of nothing, and the CID of an empty raw block as IPFS knows it.
    const digest = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    expect(sha256Hex(new Uint8Array())).toBe(digest);
    expect(artifactCid(digest)).toBe('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku');
    const cid = CID.parse(artifactCid(manifestDigest(manifest)));
    expect([cid.version, cid.code, bytesToHex(cid.multihash.digest)]).toEqual([
      1,
      0x55,
      manifestDigest(manifest),
    ]);
  });
});

describe('model ids', () => {
  it('differ when anything of the manifest does', () => {
    fc.assert(
      fc.property(anyManifest, anyManifest, (a, b) => {
        const same = JSON.stringify(a, withBigInts) === JSON.stringify(b, withBigInts);
        expect(modelId(a) === modelId(b)).toBe(same);
      }),
    );
    const [edge] = manifest.graph.edges;
    const edges = edge === undefined ? [] : manifest.graph.edges.with(0, { ...edge, name: 'z' });
    const changed: Manifest[] = [
      { ...manifest, graph: { ...manifest.graph, edges } },
      { ...manifest, recipe: { ...manifest.recipe, strategy: 'parts=2' } },
      { ...manifest, srs: [] },
    ];
    expect(new Set([manifest, ...changed].map(modelId)).size).toBe(4);
  });

  it('do not depend on the order in which artifacts are listed', () => {
    const [circuit] = manifest.circuits;
    if (circuit === undefined) throw new Error('the toy manifest has circuits');
    const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
    const leaf = (artifacts: Record<string, string>) => bytesToHex(circuitLeaf({ ...circuit, artifacts }));
    expect(leaf({ settings: a, vka: b })).toBe(leaf({ vka: b, settings: a }));
    expect(leaf({ settings: a, vka: b })).not.toBe(leaf({ settings: b, vka: a }));
  });

  it('take every field of a port, and of a segment', () => {
    const srs = '0'.repeat(64);
    const types = [
      committed([2]),
      committed([1, 2]),
      committed([2], { scale: -7 }),
      committed([2], { signed: false }),
      committed([2], { interval: { lo: 0n, hi: 0n } }),
      committed([2], { interval: { lo: -1n, hi: 0n } }),
      committed([2], { scheme: { name: 'kzg', srs, k: 13, usableRows: 8186 } }),
      committed([2], { scheme: { name: 'kzg', srs, k: 14, usableRows: 8186 } }),
      committed([2], { scheme: { name: 'kzg', srs, k: 13, usableRows: 8187 } }),
      open([2]),
    ];
    expect(new Set(types.map((type) => bytesToHex(portHash(type)))).size).toBe(types.length);
    const ref = { edge: 1, block: 0 };
    const segments = [
      { id: 's', circuit: 0, inputs: [ref], outputs: [] },
      { id: 's', circuit: 1, inputs: [ref], outputs: [] },
      { id: 's', circuit: 0, inputs: [], outputs: [ref] },
      { id: 's', circuit: 0, inputs: [ref, ref], outputs: [] },
      { id: 's', circuit: 0, inputs: [{ edge: 0, block: 1 }], outputs: [] },
    ];
    const leaves = [0, 1].flatMap((at) => segments.map((segment) => bytesToHex(segmentLeaf(segment, at))));
    expect(new Set(leaves).size).toBe(leaves.length);
  });
});

describe('SRS ids', () => {
  it('need the whole point', () => {
    expect(() => srsId('bn254', new Uint8Array(64))).toThrow(
      expect.objectContaining({ code: 'ENCODING_INVALID' }),
    );
  });
});

describe('Merkle roots', () => {
  const leaves = Array.from({ length: 5 }, (_, i) => keccak_256(new Uint8Array([i])));
  const node = (left: Uint8Array, right: Uint8Array) =>
    keccak_256(new Uint8Array([...keccak_256(utf8ToBytes('tessera/node/1')), ...left, ...right]));

  it('follow the specification', () => {
    const zero = new Uint8Array(32);
    const [a = zero, b = zero, c = zero, d = zero, e = zero] = leaves;
    expect(merkleRoot([])).toEqual(zero);
    expect(merkleRoot([a])).toEqual(a);
    expect(merkleRoot([a, b, c])).toEqual(node(node(a, b), node(c, zero)));
    expect(merkleRoot(leaves)).toEqual(node(node(node(a, b), node(c, d)), node(node(e, zero), zero)));
  });

  it('depend on the order', () => {
    expect(merkleRoot([...leaves].reverse())).not.toEqual(merkleRoot(leaves));
  });
});

/** Shows equal manifests as equal text: keys in order, integers of any size. */
function withBigInts(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
