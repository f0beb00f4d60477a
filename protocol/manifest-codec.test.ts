import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CborValue, decodeCbor, encodeCbor } from './encoding/cbor.ts';
import { TesseraError } from './errors.ts';
import { manifest as anyManifest } from './fixtures/arbitraries.ts';
import { run, toyCertificate } from './fixtures/toy-certificate.ts';
import type { BlockRef } from './graph.ts';
import { limits } from './limits.ts';
import { decodeManifest, encodeManifest } from './manifest-codec.ts';

type CborMap = Map<string, CborValue>;

const { manifest } = toyCertificate(run([1n, 2n, 3n, 4n]));

describe('manifests', () => {
  it('come back as they were, in the same bytes', () => {
    fc.assert(
      fc.property(anyManifest, (value) => {
        const bytes = encodeManifest(value);
        expect(decodeManifest(bytes)).toEqual(value);
        expect(encodeManifest(decodeManifest(bytes))).toEqual(bytes);
      }),
    );
  });

  it('of different content have different bytes', () => {
    fc.assert(
      fc.property(anyManifest, anyManifest, (a, b) => {
        const same = Buffer.compare(encodeManifest(a), encodeManifest(b)) === 0;
        if (same) expect(a).toEqual(b);
        else expect(a).not.toEqual(b);
      }),
    );
  });

  it('never get anything but a TesseraError out of changed bytes, and never two encodings of one manifest', () => {
    const bytes = encodeManifest(manifest);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (index, value) => {
        const changed = bytes.with(index, value);
        try {
          expect(encodeManifest(decodeManifest(changed))).toEqual(changed);
        } catch (error) {
          if (!(error instanceof TesseraError)) throw error;
          expect(error.code).toBe('ENCODING_INVALID');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('beyond a limit of the format are not written', () => {
    const graph = (change: object) => ({ ...manifest, graph: { ...manifest.graph, ...change } });
    const [edge] = manifest.graph.edges;
    const [circuit] = manifest.circuits;
    if (edge === undefined || circuit === undefined)
      throw new Error('the toy manifest has edges and circuits');
    const tooRanked = { ...edge, type: { ...edge.type, shape: Array(9).fill(1) } };
    const cases: [RegExp, typeof manifest][] = [
      [/graph\.edges\.0\.type\.shape/, graph({ edges: [tooRanked] })],
      [/graph\.edges\.0\.name/, graph({ edges: [{ ...edge, name: 'x'.repeat(1_025) }] })],
      [/graph\.edges\.0\.name/, graph({ edges: [{ ...edge, name: '\ud800' }] })],
      [/graph\.edges\.0\.type\.scale/, graph({ edges: [{ ...edge, type: { ...edge.type, scale: 65 } }] })],
      [/graph\.inputs\.0/, graph({ inputs: [-1] })],
      [/graph\.segments: has more/, graph({ segments: Array(65_537).fill(manifest.graph.segments[0]) })],
      [
        /circuits\.0\.artifacts\.verifyingKey/,
        { ...manifest, circuits: [{ ...circuit, artifacts: { verifyingKey: 'AB' } }] },
      ],
      [/manifest: has an unknown field/, { ...manifest, extra: 1 } as typeof manifest],
    ];
    for (const [reason, value] of cases) expect(() => encodeManifest(value)).toThrow(reason);
  });

  it('whose long names stand behind very many references are neither written nor read', () => {
    const inputs = Array<BlockRef>(limits.ports).fill({ edge: 0, block: 0 });
    const id = 'x'.repeat(limits.nameBytes);
    const repeating = (count: number): typeof manifest => {
      const segments = Array.from({ length: count }, () => ({ id, circuit: 0, inputs, outputs: [] }));
      return { ...manifest, graph: { ...manifest.graph, segments } };
    };
    const many = 1 + limits.namesTold / (limits.ports * limits.nameBytes);
    expect(() => encodeManifest(repeating(many))).toThrow(/graph: its names/);

    const generous = { bytes: limits.manifestBytes, items: limits.items, depth: limits.depth };
    const file = decodeCbor(encodeManifest(repeating(1)), generous) as [string, number, CborMap];
    const graph = file[2].get('graph') as CborMap;
    const [segment = null] = graph.get('segments') as CborValue[];
    graph.set('segments', Array<CborValue>(many).fill(segment));
    expect(() => decodeManifest(encodeCbor(file))).toThrow(/graph: its names/);
  });
});
