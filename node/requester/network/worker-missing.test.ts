import { describe, expect, it } from 'vitest';
import { parseStrategy } from '../../model/slice/index.ts';
import type { Candidate, Obstacle } from './claim-policy.ts';
import { workerMissing } from './worker-missing.ts';

const need = { id: 'conv1', prover: 'ezkl', units: 1, memory: 3 * 2 ** 30 };

function candidate(change: Partial<Candidate> = {}): Candidate {
  return {
    worker: 'one',
    speeds: new Map([['ezkl', 1]]),
    memory: 2 ** 30,
    price: 7n,
    places: 1,
    taken: 0,
    held: [],
    begun: 0,
    isMet: true,
    record: { kept: 0, broken: 0 },
    ...change,
  };
}

const missing = (obstacles: [Obstacle, number][], candidates: readonly Candidate[] = [candidate()]) =>
  workerMissing({ need, obstacles: new Map(obstacles), candidates }, { peers: 1, bootstrap: [] });

describe('a segment that nobody takes', () => {
  it('says how much memory it lacks, and the strategy that fits what the workers give', () => {
    const able = candidate({ memory: 1.5 * 2 ** 30 });
    const elsewhere = candidate({ memory: 64 * 2 ** 30, speeds: new Map([['groth16', 1]]) });
    const error = missing([['memory', 2]], [candidate(), able, elsewhere]);
    expect(error).toMatchObject({
      code: 'WORKER_MISSING',
      message: 'No worker suits segment conv1: 2 give less than the 3072 MiB of memory that it takes',
      details: { segment: 'conv1', stops: { memory: 2 } },
    });
    const [, strategy = ''] = /--by (\S+?)\.(?: |$)/.exec(error.remedy ?? '') ?? [];
    expect(parseStrategy(strategy)).toEqual({ kind: 'limits', limits: { memory: 1.5 * 2 ** 30 } });
  });

  it.each<[Obstacle, RegExp, RegExp]>([
    ['prover', /1 lack the prover ezkl/, /They have groth16: give --prover/],
    ['price', /1 ask for more than is offered/, /The least that is asked for a million units is 7\./],
    ['requester', /1 do not work for this requester/, /tessera start/],
    ['failed', /1 tried it in vain/, /tessera start/],
  ])('names %s as the limit', (limit, message, remedy) => {
    const speeds = new Map(limit === 'prover' ? [['groth16', 1] as const] : [['ezkl', 1] as const]);
    const error = missing([[limit, 1]], [candidate({ speeds })]);
    expect(error.message).toMatch(message);
    expect(error.remedy).toMatch(remedy);
  });

  it('names all limits where several stand in the way', () => {
    expect(
      missing([
        ['memory', 1],
        ['price', 2],
      ]).message,
    ).toMatch(/memory that it takes, 2 ask for more/);
  });

  it('says of a node that nobody is connected to, and why', () => {
    const nobody = { need, obstacles: new Map(), candidates: [] };
    const bootstrap = [
      { address: '/ip4/192.0.2.1/tcp/1', failure: 'refused' },
      { address: '/dns/one/tcp/1' },
    ];
    expect(workerMissing(nobody, { peers: 0, bootstrap }).message).toBe(
      'No worker suits segment conv1: none is known; nobody is connected; /ip4/192.0.2.1/tcp/1 cannot be reached (refused); /dns/one/tcp/1 cannot be reached (it has not answered yet)',
    );
    expect(workerMissing(nobody, { peers: 1, bootstrap }).message).toMatch(/none is known$/);
  });

  it('tells a network without workers from one whose workers do not take it', () => {
    expect(missing([], []).message).toMatch(/none is known/);
    expect(missing([]).message).toMatch(/do not take it/);
  });
});
