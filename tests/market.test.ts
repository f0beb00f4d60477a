import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEther } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deploy, writeDeployment } from '../contracts/deploy.ts';
import { Chain } from '../node/chain/chain-client.ts';
import { deployedMarket } from '../node/chain/deployment.ts';
import { developmentAccount, type EmbeddedChain, openEmbeddedChain } from '../node/chain/embedded-chain.ts';
import { Market } from '../node/chain/market.ts';
import { encodeModel } from '../node/model/onnx/encode.ts';
import { builtWorker } from '../node/provers/groth16/testing/worker.ts';
import { createGroth16Verifier } from '../node/provers/groth16/verifier/index.ts';
import { decodeCertificate } from '../protocol/certificate-codec.ts';
import { checkCertificate } from '../protocol/check.ts';
import { branchingModel } from './support/branching-model.ts';
import { type MarketNode, MarketNodes } from './support/market-nodes.ts';
import { image } from './support/proving.ts';

const setupTimeout = 300_000;

let directory: string;
let embedded: EmbeddedChain;
let nodes: MarketNodes;
let requester: string;
let deployed: ReturnType<typeof deployedMarket>;
let model: string;
let input: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-market-chain-'));
  const groth16 = await builtWorker();
  embedded = await openEmbeddedChain(join(directory, 'chain'));
  const deployment = await deploy({ url: embedded.url, account: developmentAccount(0) });
  deployed = deployedMarket(deployment);
  const file = join(directory, 'deployment.json');
  await writeDeployment(file, deployment);
  nodes = new MarketNodes({ url: embedded.url, deployment: file }, groth16);
  requester = await nodes.home();
  model = join(directory, 'model.onnx');
  input = join(directory, 'input.json');
  await writeFile(model, await encodeModel(branchingModel()));
  await writeFile(input, JSON.stringify({ image: image(36) }));
}, setupTimeout);

afterAll(async () => {
  await nodes?.close();
  await embedded?.close();
  await rm(directory, { recursive: true, force: true });
});

async function marketOf(account: number): Promise<Market> {
  const chain = await Chain.connect({ urls: [embedded.url], account: developmentAccount(account) });
  return new Market(chain, deployed.addresses);
}

/** Posts a job by another process, and waits until its peers have proven it. */
async function prove(known: readonly MarketNode[], out: string, ...args: string[]) {
  const bootstrap = known.flatMap(({ addresses }) => [...addresses]);
  const { status, stdout, stderr } = await nodes.run(requester, [
    ...['prove', model, '--input', input, '--by', 'cuts=trunk,joined', '--prover', 'groth16', '--out', out],
    ...['--chain', '--network', '--account', '1', '--bootstrap', ...bootstrap, '--json', ...args],
  ]);
  expect(stderr).not.toMatch(/Error/);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as {
    id: string;
    verified: boolean;
    segments: { state: string; claimant: string }[];
  };
}

const check = async (out: string, chain?: { job: string }) => {
  const certificate = decodeCertificate(new Uint8Array(await readFile(out)));
  const bound =
    chain === undefined ? certificate : { ...certificate, chain: { ...certificate.chain, ...chain } };
  return checkCertificate(bound as typeof certificate, {
    verifiers: [createGroth16Verifier()],
    allowDevelopment: true,
  });
};

describe('a job that one process posts', { timeout: setupTimeout }, () => {
  it('is claimed and proven by two others, and its certificate is of these very proofs', async () => {
    const first = await nodes.start(2);
    const second = await nodes.start(3, { known: [first] });
    const out = join(directory, 'eager.cert');
    const report = await prove([first, second], out);
    expect(report.verified).toBe(true);
    expect(report.segments.map(({ state }) => state)).toEqual(['verified', 'verified', 'verified']);
    expect(await check(out)).toMatchObject({ valid: true });
    // What the proofs are bound to is part of what is checked.
    expect(await check(out, { job: '0'.repeat(64) })).toMatchObject({ valid: false });
    const verified = await nodes.run(requester, ['verify', out, '--allow-development', '--chain', '--json']);
    expect(JSON.parse(verified.stdout).chain).toMatchObject({ verified: true });
    for (const account of [2, 3]) {
      const market = await marketOf(account);
      expect(await market.stake(market.chain.address)).toMatchObject({ amount: parseEther('2'), locked: 0n });
    }
  });
});
