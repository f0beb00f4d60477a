import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { decodeCertificate } from '../../protocol/certificate-codec.ts';
import { checkCertificate } from '../../protocol/check.ts';
import { publicKeyOf } from '../../protocol/messages/index.ts';
import { branchingModel } from '../../tests/support/branching-model.ts';
import { image } from '../../tests/support/proving.ts';
import { encodeModel } from '../model/onnx/encode.ts';
import { builtWorker } from '../provers/groth16/testing/worker.ts';
import { createGroth16Verifier } from '../provers/groth16/verifier/index.ts';
import type { WorkerFault } from './testing/faults.ts';
import { type JobPeer, JobPeers } from './testing/job-peers.ts';
import type { JobProcessInit } from './testing/job-process.ts';

/** Of one test. */
let peers = new JobPeers();
/** Of all tests: a worker that goes on from job to job. */
const lasting = new JobPeers();
let steady: JobPeer;
let directory: string;
/** Circuits and keys of those that share them. */
let cache: string;
let provers: JobProcessInit['provers'];
let job: NonNullable<JobProcessInit['job']>;

beforeAll(async () => {
  provers = { groth16: await builtWorker() };
  directory = await mkdtemp(join(tmpdir(), 'tessera-network-proof-'));
  cache = join(directory, 'cache');
  const model = join(directory, 'model.onnx');
  const input = join(directory, 'input.json');
  await writeFile(model, await encodeModel(branchingModel()));
  await writeFile(input, JSON.stringify({ image: image(36) }));
  job = { model, input, out: join(directory, 'certificate'), strategy: 'parts=3' };
  steady = await lasting.start({ provers, worker: { parallel: 1 } });
});
afterEach(async () => {
  await peers.close();
  peers = new JobPeers();
});
afterAll(async () => {
  await lasting.close();
  await rm(directory, { recursive: true, force: true });
});

const addressesOf = (known: readonly JobPeer[]) => known.flatMap(({ addresses }) => [...addresses]);

function worker(fault?: WorkerFault, rest: Partial<JobProcessInit> = {}, home?: string): Promise<JobPeer> {
  const init = { parallel: 1, ...(fault === undefined ? {} : { fault }) };
  return peers.start({ provers, worker: init, ...rest }, home);
}

/** A node that has the job proven, and joins by others. All of them share circuits and keys. */
function requester(known: readonly JobPeer[], rest: Partial<JobProcessInit> = {}, home?: string) {
  const configuration = { bootstrap: addressesOf(known) };
  return peers.start({ provers, job, cache, configuration, ...rest }, home);
}

/** An honest worker that joins a requester whose job is under way: others have had their turn by then. It has the keys. */
function helper(asking: JobPeer): Promise<JobPeer> {
  return worker(undefined, { cache, configuration: { bootstrap: addressesOf([asking]) } });
}

async function expectValid(path: Promise<string>): Promise<void> {
  const certificate = decodeCertificate(new Uint8Array(await readFile(await path)));
  const options = { verifiers: [createGroth16Verifier()], allowDevelopment: true };
  expect(await checkCertificate(certificate, options)).toMatchObject({ valid: true });
}

const eventsOf = ({ segments }: JobPeer, state: string) => segments.filter((event) => event.state === state);
const workersOf = (peer: JobPeer, state: string) =>
  new Set(eventsOf(peer, state).map(({ worker }) => worker));

describe('a job over the network', () => {
  it('is proven by two workers and ends in a certificate', async () => {
    const release = join(directory, 'release');
    const waiting = await worker({ kind: 'held', until: release });
    const asking = await requester([waiting], { timings: { silence: 600_000, trial: 3_600_000 } });
    await asking.untilSegment(({ state }) => state === 'proving');
    const other = await helper(asking);
    const names = [waiting, other].map(({ peerId }) => publicKeyOf(peerId));
    await asking.untilSegment(({ state, worker }) => state === 'accepted' && worker === names[1]);
    await writeFile(release, '');
    await expectValid(asking.certificate);
    expect(workersOf(asking, 'accepted')).toEqual(new Set(names));
  });

  it('never publishes what is to stay a commitment', async () => {
    const asking = await requester([], { job: { ...job, commit: 'input' } });
    await expect(asking.certificate).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('goes on from where its requester was killed, and proves nothing twice', async () => {
    const asking = await requester([steady]);
    await asking.untilSegment(({ state }) => state === 'accepted');
    await asking.kill();
    const accepted = eventsOf(asking, 'accepted').map(({ id }) => id);

    const again = await requester([steady], {}, asking.directory);
    await expectValid(again.certificate);
    expect(again.addresses).not.toEqual(asking.addresses);
    expect(eventsOf(again, 'assigned').filter(({ id }) => accepted.includes(id))).toEqual([]);
  });

  it('outlives the node by which all had joined', async () => {
    const door = await peers.start({ provers });
    const configuration = { bootstrap: addressesOf([door]) };
    const distant = await worker(undefined, { configuration });
    const asking = await requester([door]);
    await asking.untilSegment(({ state }) => state === 'assigned');
    await door.kill();
    await expectValid(asking.certificate);
    expect(workersOf(asking, 'accepted')).toEqual(new Set([publicKeyOf(distant.peerId)]));
  });

  it.each([-600_000, 600_000])('is done by a worker whose clock is %i ms off', async (skew) => {
    const asking = await requester([await worker(undefined, { skew })]);
    await expectValid(asking.certificate);
  });

  it('says that memory is the obstacle, and is taken up where there is enough', async () => {
    const small = await peers.start({ provers, worker: { parallel: 1, memory: 1_000 } });
    const asking = await requester([small], { timings: { patience: 10_000 } });
    await expect(asking.certificate).rejects.toMatchObject({
      code: 'WORKER_MISSING',
      message: expect.stringMatching(/1 give less than the \d+ MiB of memory/),
    });
    await asking.kill();
    await expectValid((await requester([steady], {}, asking.directory)).certificate);
  });
});

describe('a worker that is killed', () => {
  const timings = { silence: 5_000 };

  it.each(['queued', 'fetching', 'proving', 'proven'] as const)(
    'when its segment is %s costs only that segment’s time',
    async (at) => {
      const doomed = await worker({ kind: 'dies', at });
      const asking = await requester([doomed], { timings });
      await doomed.exited;
      const { peerId } = await helper(asking);
      await expectValid(asking.certificate);
      expect(workersOf(asking, 'accepted')).toEqual(new Set([publicKeyOf(peerId)]));
    },
  );

  it('with a proof that it has made hands that in when it is started again', async () => {
    const doomed = await worker({ kind: 'dies', at: 'proven' });
    const asking = await requester([doomed], { timings: { silence: 600_000 } });
    await doomed.exited;
    const configuration = { bootstrap: addressesOf([asking]) };
    await worker(undefined, { configuration }, doomed.directory);
    await expectValid(asking.certificate);
    const [proven] = asking.segments;
    expect(eventsOf(asking, 'assigned').filter(({ id }) => id === proven?.id)).toHaveLength(1);
  });
});

describe('a worker that lies', () => {
  async function expectDismissed(fault: WorkerFault, reason: RegExp): Promise<void> {
    const liar = await worker(fault);
    const asking = await requester([liar], { timings: { slack: { factor: 1, least: 30_000 } } });
    await asking.untilSegment(({ state }) => state === 'open');
    await helper(asking);
    await expectValid(asking.certificate);
    expect(eventsOf(asking, 'open').map((event) => event.reason)).toContainEqual(
      expect.stringMatching(reason),
    );
    expect(workersOf(asking, 'accepted').size).toBe(fault.kind === 'proof of another segment' ? 2 : 1);
  }

  it.each<[string, WorkerFault, RegExp]>([
    ['sends a wrong proof', { kind: 'wrong proof' }, /does not verify|not on the curve|malformed/i],
    ['sends the proof of another segment', { kind: 'proof of another segment' }, /./],
    ['claims an edge mismatch', { kind: 'false mismatch' }, /claims an edge mismatch/],
    ['serves wrong bytes as its proof', { kind: 'serves', bytes: 'wrong' }, /does not serve its proof/],
    ['serves bytes without end', { kind: 'serves', bytes: 'endless' }, /does not serve its proof/],
  ])('and %s does not keep the job from its end', (_, fault, reason) => expectDismissed(fault, reason));

  it('about being at work is given up at the deadline, and stopped', async () => {
    const idle = await worker({ kind: 'idle' });
    const timings = { slack: { factor: 1, least: 12_000 } };
    const asking = await requester([idle], { timings });
    await asking.untilSegment(({ state }) => state === 'assigned');
    await helper(asking);
    await idle.untilStopped();
    await expectValid(asking.certificate);
  });
});

describe('a requester', () => {
  it('that commits to other values than its model gives is stopped, and can begin again', async () => {
    const asking = await requester([steady], { fault: { kind: 'wrong values' } });
    await expect(asking.certificate).rejects.toMatchObject({ code: 'EDGE_MISMATCH' });
    await asking.kill();
    await expectValid((await requester([steady], {}, asking.directory)).certificate);
  });

  it.each(['wrong', 'endless'] as const)(
    'that serves %s bytes keeps no worker from its next job',
    async (bytes) => {
      // One that has nothing yet of what it will be sent.
      const fresh = await worker();
      const asking = await requester([fresh], { fault: { kind: 'serves', bytes } });
      await asking.untilSegment(({ state, reason }) => state === 'open' && /^artifact/.test(reason ?? ''));
      await asking.kill();
      await expectValid((await requester([fresh])).certificate);
    },
  );
});
