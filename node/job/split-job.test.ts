import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { decodeCertificate } from '../../protocol/certificate-codec.ts';
import { checkCertificate } from '../../protocol/check.ts';
import { peerIdOf } from '../../protocol/messages/index.ts';
import { branchingModel } from '../../tests/support/branching-model.ts';
import { describeUnless } from '../../tests/support/describe-unless.ts';
import { missingForNetworks } from '../../tests/support/namespaces.ts';
import { image } from '../../tests/support/proving.ts';
import { encodeModel } from '../model/onnx/encode.ts';
import { type Side, SplitNetwork } from '../network/testing/split-network.ts';
import { builtWorker } from '../provers/groth16/testing/worker.ts';
import { createGroth16Verifier } from '../provers/groth16/verifier/index.ts';
import { type JobPeer, JobPeers } from './testing/job-peers.ts';
import type { JobProcessInit } from './testing/job-process.ts';

const title = 'a job whose requester is cut off from the worker that is proving it';

describeUnless(missingForNetworks, title, () => {
  let directory: string;
  let provers: JobProcessInit['provers'];
  let job: NonNullable<JobProcessInit['job']>;
  let peers: JobPeers;
  let network: SplitNetwork;
  /** On the right; makes no proof before there is a file of this path. */
  let distant: JobPeer;
  let release: string;
  /** On the left. */
  let asking: JobPeer;

  beforeAll(async () => {
    provers = { groth16: await builtWorker() };
    directory = await mkdtemp(join(tmpdir(), 'tessera-split-job-'));
    const [model, input] = [join(directory, 'model.onnx'), join(directory, 'input.json')];
    await writeFile(model, await encodeModel(branchingModel()));
    await writeFile(input, JSON.stringify({ image: image(36) }));
    job = { model, input, out: join(directory, 'certificate'), strategy: 'parts=1' };
    release = join(directory, 'release');
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  beforeEach(async () => {
    network = await SplitNetwork.open();
    peers = new JobPeers();
    await rm(release, { force: true });
    const fault = { kind: 'held', until: release } as const;
    distant = await start('right', { worker: { parallel: 1, fault } });
    asking = await start('left', { job, timings: { silence: 4_000 } }, [distant]);
    await asking.untilSegment(({ state }) => state === 'proving');
    await network.split();
    await asking.untilSegment(
      ({ state, reason }) => state === 'open' && reason === 'nothing was heard of it',
    );
  });
  afterEach(async () => {
    await peers.close();
    await network.close();
  });

  function start(
    side: Side,
    init: Partial<JobProcessInit>,
    known: readonly JobPeer[] = [],
  ): Promise<JobPeer> {
    const bootstrap = known.flatMap(({ addresses }) => [...addresses]);
    const configuration = { listen: [network.listen(side)], bootstrap };
    return peers.start({ provers, configuration, ...init }, undefined, network.wrap(side));
  }

  /** The job ends, with its segment proven by one worker. */
  async function expectProvenBy({ peerId }: JobPeer): Promise<void> {
    const certificate = decodeCertificate(new Uint8Array(await readFile(await asking.certificate)));
    const options = { verifiers: [createGroth16Verifier()], allowDevelopment: true };
    expect(await checkCertificate(certificate, options)).toMatchObject({ valid: true });
    const accepted = asking.segments.filter(({ state }) => state === 'accepted');
    expect(accepted.map(({ worker }) => peerIdOf(worker))).toEqual(certificate.proofs.map(() => peerId));
  }

  it('is proven by a worker on its own side', async () => {
    await expectProvenBy(await start('left', { worker: { parallel: 1 } }, [asking]));
  });

  it('is proven by the one that was cut off once the network is healed, though it could not be asked again meanwhile', async () => {
    // More often than one worker may have a segment in vain.
    const returned = () => asking.segments.filter(({ state }) => state === 'open').length;
    await asking.untilSegment(() => returned() >= 4);
    // Its proof is made while nobody can have it.
    await writeFile(release, '');
    await network.heal();
    await expectProvenBy(distant);
  });
});
