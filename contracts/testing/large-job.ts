/** A job of any number of segments, as far as posting and claiming show it. */
import { type Hex, keccak256, toHex } from 'viem';
import {
  boundaryDigest,
  edgeDigest,
  type JobTerms,
  offerLeaf,
  type SegmentOffer,
} from '../../protocol/job-ids.ts';
import { merkleRoot } from '../../protocol/merkle.ts';
import type { MarketUser, SentTransaction } from './market-user.ts';
import { termsArgument } from './market-user.ts';

const bare = (hex: string) => hex.slice(2);
const hexes = (path: readonly Uint8Array[]): Hex[] => path.map((sibling) => toHex(sibling));
const madeUp = (text: string): Uint8Array => keccak256(toHex(text), 'bytes');

/** What is shown of a tree: one leaf's way to its root. */
interface Way {
  root: Uint8Array;
  path: Uint8Array[];
}

/** The way from a leaf up `depth` levels, past siblings that are made up: of a tree that nobody has to build. */
function wayUp(leaf: Uint8Array, index: number, depth: number): Way {
  const path = Array.from({ length: depth }, (_, level) => madeUp(`sibling ${index} at ${level}`));
  const root = path.reduce(
    (node, sibling, level) => merkleRoot((index >> level) % 2 === 0 ? [node, sibling] : [sibling, node]),
    leaf,
  );
  return { root, path };
}

/** The first and the last leaf of one tree of `count` leaves, two at least. */
function outerWays(first: Uint8Array, last: Uint8Array, count: number): [Way, Way] {
  const depth = Math.ceil(Math.log2(count));
  const left = wayUp(first, 0, depth - 1);
  const right = wayUp(last, count - 1, depth - 1);
  const root = merkleRoot([left.root, right.root]);
  return [
    { root, path: [...left.path, right.root] },
    { root, path: [...right.path, left.root] },
  ];
}

/**
 * Registers a chain of that many segments over registered circuits, posts a job of it and claims its first segment.
 *
 * @param circuits leaves of registered circuits that rest on these SRS
 */
export async function postLargeJob(
  requester: MarketUser,
  worker: MarketUser,
  { segments, circuits, srs }: { segments: number; circuits: readonly Hex[]; srs: readonly Hex[] },
): Promise<{ post: SentTransaction; claim: SentTransaction }> {
  const model = {
    manifest: toHex(madeUp(`manifest ${segments}`)),
    circuits,
    segments: BigInt(segments),
    wiring: toHex(madeUp(`wiring ${segments}`)),
    inputs: [0n],
    outputs: [BigInt(segments)],
    srs,
  };
  await requester.send('ModelRegistry', 'registerModel', [model]);
  const id = (await requester.read('ModelRegistry', 'modelId', [model])) as Hex;

  const offer: SegmentOffer = { reward: 10n ** 18n, bond: 2n * 10n ** 16n, duration: 3600 };
  const offers = wayUp(offerLeaf(0, offer), 0, Math.ceil(Math.log2(segments)));
  const [x, y] = [[madeUp('x')], [madeUp('y')]];
  const [input, output] = outerWays(edgeDigest(x), edgeDigest(y), segments + 1);
  const terms: JobTerms = {
    requester: bare(requester.address).toLowerCase(),
    nonce: 0n,
    model: bare(id),
    inputDigest: boundaryDigest([x]),
    outputDigest: boundaryDigest([y]),
    edges: bare(toHex(input.root)),
    edgeCount: segments + 1,
    offers: bare(toHex(offers.root)),
    token: '0'.repeat(40),
    optimistic: true,
    window: 3600n,
    expiry: (await requester.now()) + 86_400n,
  };
  const opening = (index: number, commitments: readonly Uint8Array[], { path }: Way) => ({
    index: BigInt(index),
    digest: toHex(edgeDigest(commitments)),
    path: hexes(path),
  });
  const argument = termsArgument(terms);
  const openings = [[opening(0, x, input)], [opening(segments, y, output)]];
  const post = await requester.send('Market', 'post', [argument, offer.reward, ...openings], offer.reward);
  const claim = await worker.send('Market', 'claim', [argument, 0n, offer, hexes(offers.path)]);
  return { post, claim };
}
