import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeCertificate } from '../../protocol/certificate-codec.ts';
import { checkCertificate } from '../../protocol/check.ts';
import { publicKeyOf } from '../../protocol/messages/index.ts';
import { branchingModel } from '../../tests/support/branching-model.ts';
import { eventually } from '../../tests/support/eventually.ts';
import { image } from '../../tests/support/proving.ts';
import { encodeModel } from '../model/onnx/encode.ts';
import { builtWorker } from '../provers/groth16/testing/worker.ts';
import { createGroth16Verifier } from '../provers/groth16/verifier/index.ts';
import { HostilePeers } from './testing/hostile-peers.ts';
import { type JobPeer, JobPeers } from './testing/job-peers.ts';

/** Milliseconds between two looks at processes that have enough to do. */
const interval = 500;

const hostile = new HostilePeers();
const peers = new JobPeers();
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-hostile-'));
});
afterAll(async () => {
  await Promise.all([hostile.close(), peers.close()]);
  await rm(directory, { recursive: true, force: true });
});

/** What one of those that are attacked is to have kept to, whatever was sent to it. */
async function expectBounded(peer: JobPeer, memoryBefore: number): Promise<void> {
  const { memory, delivered, refused, requests, tables } = await peer.measure();
  expect(memory - memoryBefore).toBeLessThan(2 ** 30);
  expect(delivered).toBeGreaterThan(0);
  expect(requests.answered).toBeGreaterThan(0);
  for (const reason of ['malformed', 'stale', 'topic']) expect(refused[reason]).toBeGreaterThan(0);
  expect(requests.refused).toBeGreaterThan(0);
  expect(tables.bids).toBeLessThanOrEqual(2_048);
  expect(tables.records).toBeLessThanOrEqual(8_192);
  expect(tables.answers).toBeLessThanOrEqual(4_096);
  expect(tables.peers).toBeLessThanOrEqual(4_096);
}

describe('a hundred hostile peers', () => {
  it('that flood everybody, win every segment, prove none and give out their own keep no job from its certificate', async () => {
    const provers = { groth16: await builtWorker() };
    const model = join(directory, 'model.onnx');
    const input = join(directory, 'input.json');
    await writeFile(model, await encodeModel(branchingModel()));
    await writeFile(input, JSON.stringify({ image: image(36) }));
    const job = { model, input, out: join(directory, 'certificate'), strategy: 'parts=3' };
    const timings = { patience: 1_200_000, silence: 10_000, trial: 2_000 };
    const [asking] = await Promise.all([peers.start({ provers, job, timings }), hostile.start(2, 50)]);
    const { memory } = await asking.measure();
    hostile.attack(asking);
    // All are there, and have taken segments, before the only worker that means it comes.
    await eventually(async () => {
      const { connected, answered, taken } = await hostile.report();
      expect(connected).toBe(100);
      expect(answered).toBeGreaterThan(100);
      expect(taken).toBeGreaterThan(3);
    }, interval);

    const configuration = { bootstrap: [...asking.addresses] };
    const honest = await peers.start({ provers, worker: { parallel: 1 }, configuration });
    const { memory: memoryOfWorker } = await honest.measure();
    hostile.attack(honest);
    const certificate = decodeCertificate(new Uint8Array(await readFile(await asking.certificate)));
    const options = { verifiers: [createGroth16Verifier()], allowDevelopment: true };
    expect(await checkCertificate(certificate, options)).toMatchObject({ valid: true });
    // The worker took of theirs, too, what nobody can prove.
    await eventually(async () => expect((await hostile.report()).given).toBeGreaterThan(0), interval);
    const accepted = asking.segments.filter(({ state }) => state === 'accepted');
    expect(new Set(accepted.map(({ worker }) => worker))).toEqual(new Set([publicKeyOf(honest.peerId)]));

    for (const [peer, before] of [
      [asking, memory],
      [honest, memoryOfWorker],
    ] as const) {
      await eventually(() => expectBounded(peer, before), interval);
    }
  }, 900_000);
});
