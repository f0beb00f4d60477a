/**
 * How an artifact is cut into blocks: a UnixFS file as the profile `unixfs-v1-2025` lays it out (IPIP-499). Up to
 * 1 MiB is one raw block. Anything larger is a balanced tree: raw leaves of 1 MiB, the last one shorter, and dag-pb
 * nodes of up to 1,024 links. So the size of an artifact fixes the shape of its tree, and whatever a node claims
 * can be checked before its children are asked for.
 */
import * as dagPb from '@ipld/dag-pb';
import { UnixFS } from 'ipfs-unixfs';
import type { CID } from 'multiformats/cid';
import { TesseraError } from '../../../protocol/errors.ts';
import { isArtifactCid, isLeaf } from './artifact-cid.ts';

/** Sizes that make up a layout. */
export interface Layout {
  /** Bytes of a leaf; also what a block has at most. */
  leafBytes: number;
  /** Links of a node. */
  fanout: number;
}

/** The layout of every artifact. */
export const artifactLayout: Layout = { leafBytes: 2 ** 20, fanout: 1024 };

/** A block, and what is known of it from its parent. */
export interface Part {
  cid: CID;
  /** Bytes of the artifact below it; for a leaf its own. */
  bytes: number;
  /** 0 for a leaf. */
  height: number;
}

/**
 * The parts that the root's block lists, in order; none when the root is a leaf itself.
 *
 * @throws TesseraError `ENCODING_INVALID` when the block is no root of this layout
 */
export function partsOfRoot(cid: CID, block: Uint8Array, layout = artifactLayout): Part[] {
  if (isLeaf(cid)) return [];
  const node = readNode(cid, block);
  let height = 1;
  while (span(height, layout) < node.bytes) height += 1;
  if (node.bytes <= layout.leafBytes) throw invalid(cid, 'it would fit one block');
  return checkLinks({ cid, bytes: node.bytes, height }, node, layout);
}

/**
 * The parts that a node below the root lists, in order.
 *
 * @throws TesseraError `ENCODING_INVALID` when the block is not the node that its parent announced
 */
export function partsOf(part: Part, block: Uint8Array, layout = artifactLayout): Part[] {
  const node = readNode(part.cid, block);
  if (node.bytes !== part.bytes) throw invalid(part.cid, `it holds ${node.bytes} bytes, not ${part.bytes}`);
  return checkLinks(part, node, layout);
}

/** Bytes of the artifact below a root. */
export function bytesOfRoot(cid: CID, block: Uint8Array): number {
  return isLeaf(cid) ? block.length : readNode(cid, block).bytes;
}

interface Node {
  bytes: number;
  links: readonly CID[];
  sizes: readonly number[];
}

function readNode(cid: CID, block: Uint8Array): Node {
  try {
    const { Data, Links } = dagPb.decode(block);
    if (Data === undefined) throw invalid(cid, 'it has no UnixFS data');
    const file = UnixFS.unmarshal(Data);
    const bytes = Number(file.fileSize());
    if (file.type !== 'file' || file.data !== undefined) throw invalid(cid, 'it is no node of a file');
    if (!Number.isSafeInteger(bytes)) throw invalid(cid, 'its size is out of range');
    return { bytes, links: Links.map(({ Hash }) => Hash), sizes: file.blockSizes.map(Number) };
  } catch (error) {
    throw error instanceof TesseraError ? error : invalid(cid, 'it cannot be decoded', error);
  }
}

/** Holds a node's links to what its size and height leave as the only possibility. */
function checkLinks({ cid, bytes, height }: Part, { links, sizes }: Node, layout: Layout): Part[] {
  const each = span(height - 1, layout);
  const count = Math.ceil(bytes / each);
  if (count > layout.fanout || links.length !== count || sizes.length !== count) {
    throw invalid(cid, `it has ${links.length} links instead of ${count}`);
  }
  return links.map((link, index) => {
    const below = Math.min(each, bytes - index * each);
    if (sizes[index] !== below)
      throw invalid(cid, `link ${index} has ${sizes[index]} bytes instead of ${below}`);
    if (!isArtifactCid(link) || isLeaf(link) !== (height === 1)) {
      throw invalid(cid, `link ${index} is of another kind`);
    }
    return { cid: link, bytes: below, height: height - 1 };
  });
}

/** Bytes below a full part. */
function span(height: number, { leafBytes, fanout }: Layout): number {
  return leafBytes * fanout ** height;
}

function invalid(cid: CID, why: string, cause?: unknown): TesseraError {
  return new TesseraError('ENCODING_INVALID', {
    message: `${cid} is not laid out as an artifact: ${why}`,
    remedy: 'Ask whoever named it for an artifact added with `tessera artifacts add`.',
    cause,
  });
}
