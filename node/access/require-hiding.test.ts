import { expect, it } from 'vitest';
import type { Scheme } from '../../protocol/edge.ts';
import type { Graph } from '../../protocol/graph.ts';
import { requireHiding } from './require-hiding.ts';

const poseidon2: Scheme = { name: 'poseidon2', blinded: false };
const kzg: Scheme = { name: 'kzg', srs: '00'.repeat(32), k: 12, usableRows: 4_000 };

/** A graph of one input, one edge between segments and one output. */
function graphOf(...schemes: Scheme[]): Graph {
  const edges = schemes.map((scheme, index) => ({ name: `edge ${index}`, type: { scheme } }));
  return { inputs: [0], outputs: [2], edges } as unknown as Graph;
}

it('lets a certificate show the inputs and outputs that are not committed, and nothing between', () => {
  const open: Scheme = { name: 'public' };
  expect(() => requireHiding(graphOf(open, poseidon2, open))).not.toThrow();
  for (const schemes of [
    [open, open, open],
    [open, kzg, open],
    [kzg, poseidon2, open],
  ]) {
    expect(() => requireHiding(graphOf(...schemes))).toThrow(expect.objectContaining({ code: 'UNPROVABLE' }));
  }
});
