import { createHash } from 'node:crypto';
import { type Abi, type Hex, toHex } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../contracts/compile.ts';
import { type Anvil, startAnvil } from '../contracts/testing/anvil.ts';
import {
  blockPaths,
  boundaryDigest,
  contextOf,
  edgeDigest,
  edgesRoot,
  type JobTerms,
  jobId,
  type MarketPlace,
  offerLeaf,
  type SegmentOffer,
  statementDigests,
} from './job-ids.ts';
import { merklePath, merkleRoot } from './merkle.ts';

let anvil: Anvil;
let place: MarketPlace;
let ask: (functionName: string, ...args: unknown[]) => Promise<unknown>;

beforeAll(async () => {
  anvil = await startAnvil();
  const contract = compile(['testing/JobIds']).contracts['testing/JobIds'];
  const { address } = await anvil.deploy(contract);
  const client = anvil.client(0);
  place = { chainId: BigInt(await client.getChainId()), market: address.slice(2).toLowerCase() };
  ask = (functionName, ...args) =>
    client.readContract({ address, abi: contract.abi as Abi, functionName, args });
});

afterAll(() => anvil?.close());

/** The same bytes in every run. */
const bytes = (seed: string, count = 32): Uint8Array =>
  new Uint8Array(createHash('shake256', { outputLength: count }).update(seed).digest());
const hex = (seed: string, count = 32): string => toHex(bytes(seed, count)).slice(2);
const word = (text: string): Hex => `0x${text}`;
const number = (seed: string, count: number): bigint => BigInt(word(hex(seed, count)));

function terms(seed: string): JobTerms {
  return {
    requester: hex(`${seed} requester`, 20),
    nonce: number(`${seed} nonce`, 32),
    model: hex(`${seed} model`),
    inputDigest: hex(`${seed} input`),
    outputDigest: hex(`${seed} output`),
    edges: hex(`${seed} edges`),
    edgeCount: Number(number(`${seed} count`, 2)),
    offers: hex(`${seed} offers`),
    token: hex(`${seed} token`, 20),
    optimistic: number(`${seed} mode`, 1) % 2n === 1n,
    window: number(`${seed} window`, 8),
    expiry: number(`${seed} expiry`, 8),
  };
}

function argument(terms: JobTerms) {
  const { requester, model, inputDigest, outputDigest, edges, offers, token } = terms;
  return {
    ...terms,
    ...{ requester: word(requester), model: word(model), token: word(token) },
    ...{ inputDigest: word(inputDigest), outputDigest: word(outputDigest) },
    ...{ edges: word(edges), offers: word(offers), edgeCount: BigInt(terms.edgeCount) },
  };
}

const samples = ['a', 'b', 'c', 'd'];
const largest = 2n ** 256n - 1n;

describe('what the contracts compute, too', () => {
  it.each(samples)('the id of a job (%s)', async (seed) => {
    const one = terms(seed);
    expect(word(jobId(place, one))).toBe(await ask('idOf', argument(one)));
  });

  it('the id of a job at the ends of what its terms can be', async () => {
    const none = { ...terms('none'), nonce: 0n, window: 0n, expiry: 0n, edgeCount: 0, token: '0'.repeat(40) };
    const all = { ...terms('all'), nonce: largest, window: largest, expiry: largest, token: 'f'.repeat(40) };
    for (const one of [none, all]) expect(word(jobId(place, one))).toBe(await ask('idOf', argument(one)));
  });

  it('ids that differ with every term, the chain and the market', () => {
    const one = terms('a');
    const two = terms('b');
    const others = (Object.keys(one) as (keyof JobTerms)[])
      .filter((name) => one[name] !== two[name])
      .map((name) => jobId(place, { ...one, [name]: two[name] }));
    others.push(jobId({ ...place, chainId: 1n }, one), jobId({ ...place, market: hex('market', 20) }, one));
    expect(others.length).toBeGreaterThanOrEqual(13);
    expect(new Set([jobId(place, one), ...others]).size).toBe(others.length + 1);
  });

  it.each(samples)('the element that a proof is bound to (%s)', async (seed) => {
    const [job, prover] = [hex(`${seed} job`), hex(`${seed} prover`, 20)];
    for (const segment of [0, 1, 65_535]) {
      const expected = await ask('contextOf', word(job), BigInt(segment), word(prover));
      expect(contextOf(place, job, segment, prover)).toBe(expected);
    }
  });

  it.each([1, 2, 3, 5, 8])('the root over %i offers, from each of them', async (count) => {
    const offers = Array.from(
      { length: count },
      (_, i): SegmentOffer => ({
        reward: i === 0 ? 2n ** 128n - 1n : number(`reward ${i}`, 16),
        bond: i === 0 ? 2n ** 96n - 1n : number(`bond ${i}`, 12),
        duration: i === 0 ? 2 ** 32 - 1 : Number(number(`duration ${i}`, 4)),
      }),
    );
    const leaves = offers.map((offer, segment) => offerLeaf(segment, offer));
    for (const [segment, offer] of offers.entries()) {
      const path = merklePath(leaves, segment).map((sibling) => toHex(sibling));
      expect(await ask('offersRoot', BigInt(segment), offer, BigInt(count), path)).toBe(
        toHex(merkleRoot(leaves)),
      );
    }
  });

  it('the digests of edges and the root over them, from each of their blocks', async () => {
    // Edges of one to five blocks, commitments of one to a hundred bytes.
    const commitments = [1, 2, 3, 5, 1].map((blocks, edge) =>
      Array.from({ length: blocks }, (_, block) =>
        bytes(`${edge} ${block}`, 1 + ((edge * 31 + block) % 100)),
      ),
    );
    const root = toHex(edgesRoot(commitments));
    for (const [edge, blocks] of commitments.entries()) {
      const paths = blockPaths(
        commitments,
        blocks.map((_, block) => ({ edge, block })),
      );
      for (const [block, path] of paths.entries()) {
        const commitment = blocks[block] ?? expect.fail();
        const words = (list: Uint8Array[]) => list.map((sibling) => toHex(sibling));
        const opening = {
          blockCount: BigInt(path.blockCount),
          blockPath: words(path.blockPath),
          edgePath: words(path.edgePath),
        };
        const digest = await ask('edgeDigest', toHex(commitment), BigInt(block), opening);
        expect(digest).toBe(toHex(edgeDigest(blocks)));
        const count = BigInt(commitments.length);
        expect(await ask('edgesRoot', digest, BigInt(edge), count, opening.edgePath)).toBe(root);
      }
    }
    expect(() => blockPaths(commitments, [{ edge: 1, block: 2 }])).toThrow(RangeError);
  });

  it('the digests of inputs and outputs, in the order of the model', async () => {
    const edges = ['x', 'y', 'z'].map((name) => [bytes(name, 64)]);
    const digests = edges.map((blocks) => toHex(edgeDigest(blocks)));
    expect(word(boundaryDigest(edges))).toBe(await ask('boundaryDigest', digests));
    expect(boundaryDigest(edges)).not.toBe(boundaryDigest(edges.toReversed()));
    expect(statementDigests({ inputs: [2, 0], outputs: [1] }, edges)).toEqual({
      inputDigest: boundaryDigest([edges[2] ?? [], edges[0] ?? []]),
      outputDigest: boundaryDigest([edges[1] ?? []]),
    });
  });
});
