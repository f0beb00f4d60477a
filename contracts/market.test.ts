import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEther, toHex, zeroAddress } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ArtifactCache } from '../node/artifacts/cache.ts';
import { createEzklProver, type EzklProver } from '../node/provers/ezkl/prover.ts';
import { developmentSrs } from '../node/provers/ezkl/srs.ts';
import { createGroth16Prover } from '../node/provers/groth16/prover.ts';
import { builtWorker } from '../node/provers/groth16/testing/worker.ts';
import type { Prover } from '../node/provers/prover.ts';
import type { Proof } from '../protocol/certificate.ts';
import { scalarModulus } from '../protocol/field.ts';
import { describeWithEzkl, requireEzklPython } from '../tests/support/ezkl-python.ts';
import { type Deployment, deploy, writeDeployment } from './deploy.ts';
import { circuitArgument } from './model-arguments.ts';
import { type Anvil, startAnvil } from './testing/anvil.ts';
import { MarketUser, type PostedJob } from './testing/market-user.ts';
import { type GasFigure, gasMarks, measureGas } from './testing/measure-gas.ts';
import { ezklJob, groth16Job, type RealJob } from './testing/real-jobs.ts';

let directory: string;
let cache: ArtifactCache;
let anvil: Anvil;
let groth16: Prover;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-market-'));
  cache = new ArtifactCache({ directory: join(directory, 'cache'), maxBytes: 2e9 });
  anvil = await startAnvil();
  groth16 = createGroth16Prover({ worker: await builtWorker(), cache, directory });
});

afterAll(async () => {
  await groth16?.close();
  anvil?.close();
  await rm(directory, { recursive: true, force: true });
});

interface People {
  requester: MarketUser;
  worker: MarketUser;
  watcher: MarketUser;
}

async function people(deployment: Deployment): Promise<People> {
  const [requester, worker, watcher] = await Promise.all(
    [1, 2, 3].map((account) => MarketUser.open(anvil, account, deployment)),
  );
  if (requester === undefined || worker === undefined || watcher === undefined)
    throw new Error('three users');
  await worker.enrol(parseEther('5'));
  return { requester, worker, watcher };
}

describe('a job of Groth16', () => {
  let job: RealJob;
  let users: People;
  let posted: PostedJob;

  beforeAll(async () => {
    job = await groth16Job(groth16);
    users = await people(await deploy({ chain: await anvil.chain(0) }));
    await users.requester.registerModel(job);
    posted = (await users.requester.post(job, false)).job;
    await users.worker.claim(posted, 0);
  });

  it('refuses a proof of another context: a copied one, or one made offline', async () => {
    const { worker, watcher } = users;
    for (const context of [0n, watcher.context(posted, 0)]) {
      await expect(worker.prove(posted, 0, await job.prove(0, context))).rejects.toThrow(/ContextMismatch/);
    }
  });

  it('refuses altered and extra bytes, and public inputs plus the modulus', async () => {
    const { worker } = users;
    const context = worker.context(posted, 0);
    const proof = await job.prove(0, context);
    const refuse = (changed: Proof, reason: RegExp) =>
      expect(worker.prove(posted, 0, changed)).rejects.toThrow(reason);
    const altered = proof.bytes.slice();
    altered[40] = (altered[40] as number) ^ 1;
    await refuse({ ...proof, bytes: altered }, /ProofRejected/);
    await refuse(
      { ...proof, bytes: new Uint8Array([...proof.bytes, ...new Uint8Array(32)]) },
      /ProofRejected/,
    );
    const [, input, output] = proof.publicInputs as [bigint, bigint, bigint];
    await refuse({ ...proof, publicInputs: [context, input + scalarModulus, output] }, /ProofRejected/);
    await refuse({ ...proof, publicInputs: [context + scalarModulus, input, output] }, /ContextMismatch/);
    await refuse({ ...proof, publicInputs: [context, output, input] }, /ProofRejected/);
  });

  it('is verified and paid by its proofs', async () => {
    const { worker, watcher } = users;
    await worker.prove(posted, 0, await job.prove(0, worker.context(posted, 0)));
    expect(await watcher.isVerified(posted)).toBe(false);
    await worker.claim(posted, 1);
    await worker.prove(posted, 1, await job.prove(1, worker.context(posted, 1)));
    expect(await watcher.isVerified(posted)).toBe(true);
    await worker.send('Market', 'withdraw', [zeroAddress, worker.address]);
    await expect(worker.send('Market', 'withdraw', [zeroAddress, worker.address])).rejects.toThrow(
      /NothingOwed/,
    );
  });
});

describeWithEzkl('a job of ezkl', () => {
  const length = 8;
  let prover: EzklProver;
  let job: Awaited<ReturnType<typeof ezklJob>>;
  let deployment: Deployment;
  let users: People;
  let posted: PostedJob;
  const proofs = new Map<number, Proof>();

  /** The same bytes each time: a submission is held to its hash. */
  async function proofOf(segment: number): Promise<Proof> {
    const proof = proofs.get(segment) ?? (await job.prove(segment, 0n));
    proofs.set(segment, proof);
    return proof;
  }

  beforeAll(async () => {
    prover = createEzklProver({ python: requireEzklPython(), cache, srs: developmentSrs(cache), directory });
    job = await ezklJob(prover, length);
    const ezkl = { runtime: job.runtime, srs: [job.srs] };
    deployment = await deploy({ chain: await anvil.chain(0), ezkl });
    users = await people(deployment);
  });
  afterAll(async () => {
    await prover?.close();
  });

  it('finds everything to use and verify the contracts in one file', async () => {
    const path = join(directory, 'deployment.json');
    await writeDeployment(path, deployment);
    const written = JSON.parse(await readFile(path, 'utf8')) as Deployment;
    expect(written).toEqual(deployment);
    const client = anvil.client(0);
    for (const { address } of Object.values(written.contracts)) {
      expect((await client.getCode({ address }))?.length).toBeGreaterThan(2);
    }
    expect(Object.keys(written.compiler.input.sources)).toContain(
      '@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol',
    );
    expect(written.ezkl?.adapters).toMatchObject([{ srs: job.srs }]);
    await expect(
      deploy({ chain: await anvil.chain(0), ezkl: { runtime: job.runtime.slice(1), srs: [] } }),
    ).rejects.toThrow(/code hash/);
  });

  it('refuses verifying data with another SRS, or that do not fit the ports', async () => {
    const other = `${'0'.repeat(63)}1`;
    const elsewhere = await deploy({
      chain: await anvil.chain(0),
      ezkl: { runtime: job.runtime, srs: [other] },
    });
    const user = await MarketUser.open(anvil, 4, elsewhere);
    await expect(user.registerModel(job)).rejects.toThrow(/SrsMismatch/);

    const adapter = deployment.ezkl?.adapters[0]?.address;
    const [circuit] = job.manifest.circuits;
    if (circuit === undefined) throw new Error('the job has circuits');
    const refuse = (changed: typeof circuit, reason: RegExp) =>
      expect(
        users.requester.send('ModelRegistry', 'registerCircuit', [
          circuitArgument(changed),
          adapter,
          [],
          toHex(job.verifyingData[0] as Uint8Array),
        ]),
      ).rejects.toThrow(reason);
    const [input] = circuit.inputs;
    const [output] = circuit.outputs;
    if (input === undefined || output?.scheme.name !== 'kzg') throw new Error('public in, kzg out');
    await refuse({ ...circuit, inputs: [{ ...input, shape: [1, 5] }] }, /VerifyingDataMalformed/);
    await refuse(
      { ...circuit, outputs: [{ ...output, scheme: { ...output.scheme, k: 12 } }] },
      /"k"|VerifyingData/,
    );
    await refuse(
      { ...circuit, outputs: [{ ...output, scheme: { ...output.scheme, srs: other } }] },
      /SrsMismatch/,
    );
    const poseidon = { name: 'poseidon2', blinded: false } as const;
    await refuse({ ...circuit, outputs: [{ ...output, scheme: poseidon }] }, /SchemeUnsupported/);
  });

  it('is registered, posted and claimed', async () => {
    const { requester, worker } = users;
    await requester.registerModel(job);
    ({ job: posted } = await requester.post(job, true));
    for (let i = 0; i < length; i++) await worker.claim(posted, i);
    expect(await worker.read('Market', 'jobOf', [posted.id])).toMatchObject({
      available: 0n,
      segments: length,
    });
  });

  it('refuses altered bytes, appended words, and public values plus the modulus', async () => {
    const { worker } = users;
    const proof = await proofOf(0);
    const refuse = (changed: Proof, reason: RegExp) =>
      expect(worker.prove(posted, 0, changed)).rejects.toThrow(reason);
    for (const at of [0, 200, proof.bytes.length - 1]) {
      const bytes = proof.bytes.slice();
      bytes[at] = (bytes[at] as number) ^ 1;
      await refuse({ ...proof, bytes }, /ProofRejected/);
    }
    await refuse(
      { ...proof, bytes: new Uint8Array([...proof.bytes, ...new Uint8Array(32)]) },
      /ProofRejected/,
    );
    await refuse({ ...proof, bytes: proof.bytes.slice(32) }, /ProofRejected/);
    const [first = 0n, ...rest] = proof.publicInputs;
    await refuse({ ...proof, publicInputs: [first + scalarModulus, ...rest] }, /ProofRejected/);
    await refuse({ ...proof, publicInputs: [first + 1n, ...rest] }, /ProofRejected/);
    await refuse({ ...proof, publicInputs: rest }, /BoundaryMalformed/);
    await refuse(await proofOf(1), /BoundaryMalformed|ProofRejected/);
  });

  it('takes proofs now, or their hashes and a proof when one is challenged', async () => {
    const { worker, watcher } = users;
    for (const segment of [0, 1]) await worker.prove(posted, segment, await proofOf(segment));
    for (let i = 2; i < length; i++) await worker.submit(posted, i, await proofOf(i));
    await watcher.challenge(posted, 2);
    await expect(worker.defend(posted, 2, await proofOf(1))).rejects.toThrow(/ProofHashMismatch/);
    await worker.defend(posted, 2, await proofOf(2));
    expect(await watcher.read('Market', 'jobOf', [posted.id])).toMatchObject({ settled: 0, verified: 3 });
  });

  it('settles what nobody challenged, which counts as verified only once it is proven', async () => {
    const { worker, watcher } = users;
    await worker.pass(3601);
    for (let i = 3; i < length; i++) await watcher.end('settle', posted, i);
    expect(await watcher.read('Market', 'jobOf', [posted.id])).toMatchObject({
      settled: length - 3,
      verified: 3,
    });
    expect(await watcher.isVerified(posted)).toBe(false);
    for (let i = 3; i < length; i++) await watcher.raise(posted, i, await proofOf(i));
    expect(await watcher.isVerified(posted)).toBe(true);
  });

  it('costs no more gas than its marks', async () => {
    const chain = await startAnvil();
    try {
      const figures = await measureGas(chain, {
        ezkl: { ...job, prove: proofOf },
        groth16: await groth16Job(groth16),
      });
      for (const [figure, { gas }] of Object.entries(figures)) {
        console.log(`${figure}: ${gas} gas`);
        expect(gas, figure).toBeLessThanOrEqual(gasMarks[figure as GasFigure] ?? Number.POSITIVE_INFINITY);
      }
    } finally {
      chain.close();
    }
  });
});
