import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { EdgeType } from '../../protocol/edge.ts';
import { writeIntegers } from '../../protocol/field.ts';
import { toyVerifier } from '../../protocol/fixtures/toy-adapter.ts';
import { commit as commitPoseidon2 } from '../../protocol/poseidon2/index.ts';
import type { KzgScheme, ProofVerifier } from '../../protocol/verifier.ts';
import { commitEdges } from './commit-edges.ts';
import type { Job } from './job.ts';

const interval = { lo: -128n, hi: 127n };
const id = '00'.repeat(32);
const hidden: EdgeType = {
  ...{ shape: [4], signed: true, scale: 7, interval },
  scheme: { name: 'poseidon2', blinded: true },
};
const open: EdgeType = { ...hidden, shape: [2], scheme: { name: 'poseidon2', blinded: false } };
const point: EdgeType = {
  ...{ shape: [2], signed: true, scale: 7, interval: 'unproven' },
  scheme: { name: 'kzg', srs: id, k: 4, usableRows: 10 },
};
const plain: EdgeType = { ...point, shape: [1], scheme: { name: 'public' } };
const whole = ({ shape }: EdgeType) => [{ start: shape.map(() => 0), size: shape }];
const halves = [
  { start: [0], size: [2] },
  { start: [2], size: [2] },
];
const ref = (edge: number, block = 0) => ({ edge, block });

/** The input is hidden and in two tiles, whose values and blindings have names of their own. */
const job = {
  compiled: {
    graph: {
      edges: [
        { name: 'x', type: hidden, blocks: halves },
        { name: 'a', type: open, blocks: whole(open) },
        { name: 'b', type: point, blocks: whole(point) },
        { name: 'y', type: plain, blocks: whole(plain) },
      ],
      segments: [
        { id: 's0', circuit: 0, inputs: [ref(0, 0)], outputs: [ref(1)] },
        { id: 's1', circuit: 1, inputs: [ref(0, 1)], outputs: [ref(2)] },
        { id: 's2', circuit: 2, inputs: [ref(1), ref(2)], outputs: [ref(3)] },
      ],
      inputs: [0],
      outputs: [3],
    },
    circuits: [
      { inputs: [{ ...hidden, shape: [2] }], outputs: [open] },
      { inputs: [{ ...hidden, shape: [2] }], outputs: [point] },
      { inputs: [open, point], outputs: [plain] },
    ],
  },
  plans: [
    { inputs: ['x/0'], outputs: ['a'] },
    { inputs: ['x/1'], outputs: ['b'] },
    { inputs: ['a', 'b'], outputs: ['y'] },
  ],
  cut: {
    blocks: new Map([
      ['x/0', { tensor: 'x', box: halves[0] }],
      ['x/1', { tensor: 'x', box: halves[1] }],
    ]),
  },
  values: new Map([
    ['x', [1n, -2n, 3n, -4n]],
    ['x/0', [1n, -2n]],
    ['x/1', [3n, -4n]],
    ['a', [5n, 6n]],
    ['b', [-7n, 8n]],
    ['y', [9n]],
  ]),
  blindings: new Map([
    ['x/0', 10n],
    ['x/1', 11n],
  ]),
} as unknown as Job;
const srsFiles = new Map([[id, new Uint8Array(129)]]);
const toy = toyVerifier() as ProofVerifier & { kzg: KzgScheme };

/** A verifier that commits in this way. */
const committing = (commit: KzgScheme['commit']): ProofVerifier => ({ ...toy, kzg: { ...toy.kzg, commit } });

async function expected(): Promise<Uint8Array[][]> {
  const half = { ...hidden, shape: [2], interval };
  return [
    [commitPoseidon2(half, [1n, -2n], 10n), commitPoseidon2(half, [3n, -4n], 11n)],
    [commitPoseidon2({ ...open, interval }, [5n, 6n], undefined)],
    [await toy.kzg.commit(point, [-7n, 8n], new Uint8Array(129))],
    [writeIntegers([9n])],
  ];
}

it('commits to every block in its scheme, under the blinding value that is its own', async () => {
  expect(await commitEdges(job, [toy], srsFiles)).toEqual(await expected());
});

it('commits to the ports of some segments only', async () => {
  const [[, second] = [], , b] = await expected();
  const some = await commitEdges(job, [toy], srsFiles, { segments: [1] });
  expect(some.map((blocks) => [...blocks])).toEqual([[undefined, second], [], b, []]);
});

describe('with many blocks', () => {
  const count = 40;
  const many = {
    ...job,
    compiled: {
      graph: {
        edges: Array.from({ length: count }, () => ({ name: 'b', type: point, blocks: whole(point) })),
      },
    },
  } as unknown as Job;

  it('commits to a few at a time', async () => {
    let [running, most] = [0, 0];
    const verifier = committing(async (...request) => {
      most = Math.max(most, ++running);
      await sleep(1);
      running -= 1;
      return toy.kzg.commit(...request);
    });
    expect(await commitEdges(many, [verifier], srsFiles)).toHaveLength(count);
    expect(most).toBeLessThanOrEqual(4);
  });

  it('stops what it commits to, and begins no other, when it is cancelled or one fails', async () => {
    const stop = new AbortController();
    for (const end of [
      () => stop.abort(),
      () => {
        throw new Error('it broke');
      },
    ]) {
      let [begun, stopped] = [0, 0];
      const verifier = committing(async (_type, _values, _srs, signal) => {
        begun += 1;
        if (begun === 1) {
          await sleep(5);
          end();
        }
        await sleep(60_000, undefined, { signal: signal as AbortSignal }).catch((error: Error) => {
          stopped += 1;
          throw error;
        });
        return new Uint8Array();
      });
      const signal = stop.signal.aborted ? undefined : stop.signal;
      await expect(commitEdges(many, [verifier], srsFiles, { signal })).rejects.toThrow();
      expect(begun).toBeLessThanOrEqual(4);
      expect(stopped).toBeGreaterThanOrEqual(begun - 1);
    }
  });
});
