import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { decodeCertificate } from '../../protocol/certificate-codec.ts';
import { checkCertificate } from '../../protocol/check.ts';
import { branchingModel } from '../../tests/support/branching-model.ts';
import { image } from '../../tests/support/proving.ts';
import { encodeModel } from '../model/onnx/encode.ts';
import { builtWorker } from '../provers/groth16/testing/worker.ts';
import { createGroth16Verifier } from '../provers/groth16/verifier/index.ts';
import { type JobPeer, JobPeers } from './testing/job-peers.ts';
import type { JobProcessInit } from './testing/job-process.ts';

let peers = new JobPeers();
let directory: string;
let groth16: string;
let job: NonNullable<JobProcessInit['job']>;

beforeAll(async () => {
  groth16 = await builtWorker();
  directory = await mkdtemp(join(tmpdir(), 'tessera-network-proof-'));
  const model = join(directory, 'model.onnx');
  const input = join(directory, 'input.json');
  await writeFile(model, await encodeModel(branchingModel()));
  await writeFile(input, JSON.stringify({ image: image(36) }));
  job = { model, input, out: join(directory, 'certificate'), strategy: 'parts=3' };
}, 300_000);
afterEach(async () => {
  await peers.close();
  peers = new JobPeers();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A worker that others join by. */
function worker(init: NonNullable<JobProcessInit['worker']>, rest: Partial<JobProcessInit> = {}) {
  return peers.start({ groth16, worker: init, ...rest });
}

function requester(known: readonly JobPeer[], rest: Partial<JobProcessInit> = {}, home?: string) {
  const bootstrap = known.flatMap(({ addresses }) => [...addresses]);
  return peers.start({ groth16, job, configuration: { bootstrap }, ...rest }, home);
}

async function expectValid(path: string): Promise<void> {
  const report = await checkCertificate(decodeCertificate(new Uint8Array(await readFile(path))), {
    verifiers: [createGroth16Verifier()],
    allowDevelopment: true,
  });
  expect(report).toMatchObject({ valid: true });
}

describe('a job over the network', () => {
  it('is proven by two workers and ends in a certificate', async () => {
    const [first, second] = await Promise.all([worker({ parallel: 1 }), worker({ parallel: 1 })]);
    const asking = await requester([first, second]);
    await expectValid(await asking.certificate);
    const workers = new Set(
      asking.segments.filter(({ state }) => state === 'accepted').map(({ worker }) => worker),
    );
    expect(workers.size).toBe(2);
  });
});
