import { buffer } from 'node:stream/consumers';
import * as dagPb from '@ipld/dag-pb';
import fc from 'fast-check';
import { UnixFS } from 'ipfs-unixfs';
import { exporter } from 'ipfs-unixfs-exporter';
import { importBytes } from 'ipfs-unixfs-importer';
import { fixedSize } from 'ipfs-unixfs-importer/chunker';
import { balanced } from 'ipfs-unixfs-importer/layout';
import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import { sha256 } from 'multiformats/hashes/sha2';
import { describe, expect, it } from 'vitest';
import { decodeArtifactCid, parseArtifactCid } from './artifact-cid.ts';
import { bytesOfRoot, type Layout, type Part, partsOf, partsOfRoot } from './dag.ts';

/** Small enough for trees of three levels. */
const layout: Layout = { leafBytes: 4, fanout: 3 };

class Blocks {
  readonly #blocks = new Map<string, Uint8Array>();
  put = async (cid: CID, block: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>) => {
    this.#blocks.set(cid.toString(), block as Uint8Array);
    return cid;
  };
  get(cid: CID): Uint8Array {
    return this.#blocks.get(cid.toString()) as Uint8Array;
  }
}

async function imported(bytes: Uint8Array): Promise<{ root: CID; blocks: Blocks }> {
  const blocks = new Blocks();
  const { cid } = await importBytes(bytes, blocks, {
    profile: 'unixfs-v1-2025',
    chunker: fixedSize({ chunkSize: layout.leafBytes }),
    layout: balanced({ maxChildrenPerNode: layout.fanout }),
  });
  return { root: cid, blocks };
}

function read(root: CID, blocks: Blocks): Uint8Array {
  const leaves: Uint8Array[] = [];
  const visit = (parts: readonly Part[]) => {
    for (const part of parts) {
      const block = blocks.get(part.cid);
      if (part.height > 0) visit(partsOf(part, block, layout));
      else {
        expect(block).toHaveLength(part.bytes);
        leaves.push(block);
      }
    }
  };
  const block = blocks.get(root);
  const parts = partsOfRoot(root, block, layout);
  if (parts.length === 0) leaves.push(block);
  visit(parts);
  return Buffer.concat(leaves);
}

describe('the tree of an artifact', () => {
  it('is the one that the UnixFS importer makes, at every size', async () => {
    for (let size = 0; size <= 4 * 3 ** 3 + 5; size++) {
      const bytes = Uint8Array.from({ length: size }, (_, at) => at);
      const { root, blocks } = await imported(bytes);
      expect(bytesOfRoot(root, blocks.get(root)), `${size} bytes`).toBe(size);
      expect([...read(root, blocks)]).toEqual([...bytes]);
    }
  });

  it('is one that the UnixFS exporter reads', async () => {
    const bytes = Uint8Array.from({ length: 50 }, (_, at) => at);
    const { root, blocks } = await imported(bytes);
    const entry = await exporter(root, {
      get: async function* (cid) {
        yield blocks.get(cid);
      },
    });
    expect(entry.type).toBe('file');
    if (entry.type === 'file') expect([...(await buffer(entry.content()))]).toEqual([...bytes]);
  });
});

describe('a root that is not laid out so is refused', async () => {
  const cidOf = async (code: number, block: Uint8Array) => CID.createV1(code, await sha256.digest(block));
  const leaf = await cidOf(raw.code, Uint8Array.of(1, 2, 3, 4));
  const node = await cidOf(dagPb.code, Uint8Array.of(1));
  const foreign = CID.createV0(node.multihash);
  const encode = (sizes: bigint[], links: CID[], type: 'file' | 'directory' = 'file', data?: Uint8Array) => {
    const file = new UnixFS({ type, blockSizes: sizes, ...(data === undefined ? {} : { data }) });
    return dagPb.encode({
      Data: file.marshal(),
      Links: links.map((Hash) => ({ Name: '', Tsize: 4, Hash })),
    });
  };

  it.each([
    ['no dag-pb', Uint8Array.of(0xff, 0xff)],
    ['no UnixFS', dagPb.encode({ Links: [] })],
    ['a directory', encode([], [], 'directory')],
    ['bytes in the node', encode([4n, 4n], [leaf, leaf], 'file', Uint8Array.of(1))],
    ['what one block holds', encode([4n], [leaf])],
    ['a link without a size', encode([4n, 4n], [leaf])],
    ['a size without a link', encode([4n], [leaf, leaf])],
    ['a short leaf before the last', encode([3n, 4n], [leaf, leaf])],
    ['an empty leaf', encode([4n, 4n, 0n], [leaf, leaf, leaf])],
    ['too many links', encode([4n, 4n, 4n, 4n], [leaf, leaf, leaf, leaf])],
    ['a node where a leaf belongs', encode([4n, 4n], [leaf, node])],
    ['a leaf where a node belongs', encode([12n, 4n], [node, leaf])],
    ['a CID of another kind', encode([12n, 4n], [node, foreign])],
    ['more bytes than there are', encode([2n ** 62n, 4n], [node, node])],
  ])('%s', (_, block) => {
    expect(() => partsOfRoot(node, block, layout)).toThrow(
      expect.objectContaining({ code: 'ENCODING_INVALID' }),
    );
  });

  it('whatever its bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (block) => {
        expect(() => partsOfRoot(node, block, layout)).toThrow(
          expect.objectContaining({ code: 'ENCODING_INVALID' }),
        );
      }),
    );
  });

  it('a node of another size than its parent said', () => {
    const block = encode([4n, 4n], [leaf, leaf]);
    expect(() => partsOf({ cid: node, bytes: 12, height: 1 }, block, layout)).toThrow(/8 bytes, not 12/);
  });
});

describe('a CID', () => {
  const text = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku';

  it('is read in both its forms', () => {
    const cid = parseArtifactCid(text);
    expect(cid.toString()).toBe(text);
    expect(decodeArtifactCid(cid.bytes)?.equals(cid)).toBe(true);
  });

  it.each([
    '',
    'x',
    'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG',
    'bafyrgqhai26anf3i7pips7q22coa4sz2fr4gk4q4sqdtymvvjyginfzaqewveaeqdh524nsktaq43j65v22xxrybrtertmcfxufdam3da3hbk',
    'a'.repeat(1e6),
  ])('%.20s… is refused', (other) => {
    expect(() => parseArtifactCid(other)).toThrow(expect.objectContaining({ code: 'ENCODING_INVALID' }));
  });

  it('of other bytes than its own is refused', () => {
    const { bytes } = parseArtifactCid(text);
    for (const at of [0, 1, 2, 3]) expect(decodeArtifactCid(bytes.with(at, 0x71))).toBeUndefined();
    expect(decodeArtifactCid(bytes.subarray(1))).toBeUndefined();
  });
});
