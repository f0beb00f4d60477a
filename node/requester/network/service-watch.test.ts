import { beforeEach, describe, expect, it } from 'vitest';
import type { Reach } from '../../network/connection-keeper.ts';
import type { Candidate, OpenSegment } from './claim-policy.ts';
import { schedule } from './schedule.ts';
import { ServiceWatch } from './service-watch.ts';

const needs = ['first', 'second'].map((id) => ({ id, prover: 'groth16', units: 1, memory: 100 }));
const open: OpenSegment[] = needs.map((need, segment) => ({ ...need, segment, barred: new Map() }));
const able: Candidate = {
  worker: 'able',
  speeds: new Map([['groth16', 1]]),
  memory: 100,
  price: 0n,
  places: 1,
  taken: 0,
  held: [],
  begun: 0,
  isMet: true,
  record: { kept: 0, broken: 0 },
};
const small = { ...able, worker: 'small', memory: 50 };

let told: [number, string][];
let alone: string[];
let reach: Reach;
let watch: ServiceWatch;
beforeEach(() => {
  [told, alone] = [[], []];
  reach = { peers: 1, bootstrap: [] };
  watch = new ServiceWatch({
    needs,
    policy: schedule({ price: 0n, trial: 10 }),
    patience: 10_000,
    reach: () => reach,
    onAlone: (message) => alone.push(message),
    onUnsuited: (segment, reason) => told.push([segment, reason]),
  });
});

const missing = expect.objectContaining({ code: 'WORKER_MISSING' });

describe('a job that waits for workers', () => {
  it('is given up when nobody has been at work for as long as it is patient, counted from the first look', () => {
    watch.look({ open, candidates: [able], isWorking: false }, 5_000);
    watch.look({ open, candidates: [able], isWorking: false }, 14_999);
    expect(() => watch.look({ open, candidates: [able], isWorking: false }, 15_000)).toThrow(missing);
    expect(told).toEqual([]);
  });

  it('is not given up while anybody is at work, or nothing is open', () => {
    watch.look({ open, candidates: [], isWorking: false }, 0);
    watch.look({ open, candidates: [], isWorking: true }, 5_000);
    watch.look({ open: [], candidates: [], isWorking: false }, 10_000);
    watch.look({ open, candidates: [], isWorking: false }, 19_999);
    expect(() => watch.look({ open, candidates: [], isWorking: false }, 20_000)).toThrow(missing);
  });

  it('says after a moment, once, that nobody is connected, why, and how long it waits', () => {
    reach = { peers: 0, bootstrap: [{ address: '/ip4/192.0.2.1/tcp/1', failure: 'refused' }] };
    for (const now of [0, 2_999]) watch.look({ open, candidates: [], isWorking: false }, now);
    expect(alone).toEqual([]);
    for (const now of [3_000, 3_500]) watch.look({ open, candidates: [], isWorking: false }, now);
    expect(alone).toEqual([
      'Nobody proves this job: nobody is connected; /ip4/192.0.2.1/tcp/1 cannot be reached (refused). It waits 7 s more for workers.',
    ]);
    expect(() => watch.look({ open, candidates: [], isWorking: false }, 10_000)).toThrow(
      /nobody is connected/,
    );
  });

  it('says nothing of connections where there are some', () => {
    for (const now of [0, 5_000]) watch.look({ open, candidates: [], isWorking: false }, now);
    expect(alone).toEqual([]);
  });

  it('says at once which segment nobody suits and why, and again only when that changes', () => {
    const [first, second] = open as [OpenSegment, OpenSegment];
    const large = { ...second, memory: 100 };
    for (const now of [0, 1]) {
      watch.look({ open: [{ ...first, memory: 10 }, large], candidates: [small], isWorking: true }, now);
    }
    expect(told).toEqual([[1, expect.stringMatching(/^1 give less than the 1 MiB of memory/)]]);
    const dear = { ...able, price: 7n };
    watch.look({ open: [large], candidates: [small, dear], isWorking: true }, 2);
    expect(told.slice(1)).toEqual([[1, expect.stringMatching(/1 ask for more than is offered/)]]);
  });
});
