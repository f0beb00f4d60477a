import type { CID } from 'multiformats/cid';
import { isLeaf } from './artifact-cid.ts';
import { bytesOfRoot, type Part, partsOf, partsOfRoot } from './dag.ts';

/** A part of an artifact, and its block where that was read. */
export interface Step {
  part: Part;
  block: Uint8Array | undefined;
}

/**
 * The parts of an artifact in order, a node before its parts, with their blocks where they are there. What is below a
 * node that is missing is left out.
 *
 * @param read gives a checked block; undefined where it is missing
 * @param options.leaves whether leaves are read too
 */
export async function* walkArtifact(
  root: CID,
  read: (cid: CID) => Promise<Uint8Array | undefined>,
  { leaves = true } = {},
): AsyncGenerator<Step, void, undefined> {
  const block = leaves || !isLeaf(root) ? await read(root) : undefined;
  if (block === undefined) {
    yield { part: { cid: root, bytes: 0, height: isLeaf(root) ? 0 : 1 }, block };
    return;
  }
  const below = partsOfRoot(root, block);
  const height = below[0] === undefined ? 0 : below[0].height + 1;
  yield { part: { cid: root, bytes: bytesOfRoot(root, block), height }, block };
  // Depth first, so that leaves come in the order of the file.
  const ahead = below.reverse();
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    const block = part.height > 0 || leaves ? await read(part.cid) : undefined;
    if (block !== undefined && part.height > 0) ahead.push(...partsOf(part, block).reverse());
    yield { part, block };
  }
}
