import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { describe, expect, it } from 'vitest';
import { decodeCertificate, encodeCertificate } from './certificate-codec.ts';
import { artifactCid, manifestDigest, modelId, srsId } from './ids.ts';
import { decodeManifest, encodeManifest } from './manifest-codec.ts';
import { vectorsOf } from './vectors/generate.ts';
import vectors from './vectors/vectors.json' with { type: 'json' };

describe('test vectors', () => {
  it('are what this program makes of its example', () => {
    expect(vectorsOf()).toEqual(vectors);
  });

  it('are read back into what they were made of', () => {
    const manifest = decodeManifest(hexToBytes(vectors.manifest.bytes));
    expect(manifestDigest(manifest)).toBe(vectors.manifest.digest);
    expect(artifactCid(vectors.manifest.digest)).toBe(vectors.manifest.cid);
    expect(modelId(manifest)).toBe(vectors.manifest.modelId);
    expect(bytesToHex(encodeManifest(manifest))).toBe(vectors.manifest.bytes);
    const certificate = decodeCertificate(hexToBytes(vectors.certificate.bytes));
    expect(certificate.manifest).toEqual(manifest);
    expect(bytesToHex(encodeCertificate(certificate))).toBe(vectors.certificate.bytes);
    for (const { sG2, id } of vectors.srs) expect(srsId('bn254', hexToBytes(sG2))).toBe(id);
  });
});
