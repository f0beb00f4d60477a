import { EventEmitter } from 'node:events';
import type { CID } from 'multiformats/cid';
import { afterEach, expect, it } from 'vitest';
import { artifactCid } from '../../../protocol/ids.ts';
import { type Artifact, parseArtifactCid } from '../store/index.ts';
import { Announcer } from './announcer.ts';

const artifact = (byte: string, announced = true): Artifact => ({
  cid: parseArtifactCid(artifactCid(byte.repeat(32))),
  bytes: 1,
  sha256: byte.repeat(32),
  pinned: false,
  keptFor: [],
  announced,
  lastUsed: new Date(0),
});

let announcer: Announcer;
afterEach(() => announcer.stop());

/** An announcer of these artifacts, in a network where telling ends as `outcomes` say, and then well. */
function start(artifacts: Artifact[], outcomes: (number | Error)[] = [], renewMs = 60_000) {
  const told: string[] = [];
  const withdrawn: string[] = [];
  const errors: unknown[] = [];
  const events = new EventEmitter<{ added: [Artifact]; removed: [CID] }>();
  const find = (cid: CID) => artifacts.find((one) => one.cid.equals(cid));
  announcer = new Announcer(
    { retryMs: 1, renewMs },
    {
      store: { ls: () => artifacts, find, events },
      routing: {
        async provide(cid) {
          const outcome = outcomes.shift() ?? 1;
          if (outcome instanceof Error) throw outcome;
          if (outcome > 0) told.push(cid.toString());
          return outcome;
        },
        async withdraw(cid) {
          withdrawn.push(cid.toString());
        },
      },
      onError: (_, error) => errors.push(error),
    },
  );
  announcer.start();
  return { told, withdrawn, errors, events };
}

it('tells of what is there and of what comes, but of nothing private', async () => {
  const [old, secret, fresh] = [artifact('aa'), artifact('bb', false), artifact('cc')];
  const artifacts = [old, secret];
  const { told, withdrawn, events } = start(artifacts);
  await announcer.told(old.cid);
  artifacts.push(fresh);
  events.emit('added', fresh);
  events.emit('added', fresh);
  events.emit('added', secret);
  await announcer.told(fresh.cid);
  expect(told).toEqual([`${old.cid}`, `${fresh.cid}`]);
  events.emit('removed', old.cid);
  expect(withdrawn).toEqual([`${old.cid}`]);
});

it('goes on until somebody knows, through failures', async () => {
  const one = artifact('aa');
  const failure = new Error('no route');
  const { told, errors } = start([one], [0, failure, 0, 0]);
  await announcer.told(one.cid);
  expect(told).toEqual([`${one.cid}`]);
  expect(errors).toEqual([failure]);
});

it('gives up what is no longer there', async () => {
  const artifacts = [artifact('aa')];
  const { told } = start(artifacts, [0, 0]);
  const [{ cid }] = artifacts.splice(0) as [Artifact];
  await announcer.told(cid);
  expect(told).toEqual([]);
});

it('tells again before it is forgotten', async () => {
  const { told } = start([artifact('aa')], [], 5);
  await expect.poll(() => told.length).toBeGreaterThan(2);
});

it('ends when it is stopped', async () => {
  const one = artifact('aa');
  start(
    [one],
    Array.from({ length: 1000 }, () => 0),
  );
  const told = announcer.told(one.cid);
  await announcer.stop();
  await told;
});
