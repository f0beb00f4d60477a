/** What one account does on a deployed market, for tests: each call waits for its receipt. */
import { hexToBytes } from '@noble/hashes/utils.js';
import {
  type Abi,
  type Address,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  parseEther,
  sha256,
  type TransactionReceipt,
  toHex,
} from 'viem';
import type { Proof } from '../../protocol/certificate.ts';
import { modelId } from '../../protocol/ids.ts';
import {
  blockPaths,
  contextOf,
  edgeDigest,
  edgesRoot,
  type JobTerms,
  jobId,
  offerLeaf,
  type SegmentOffer,
  statementDigests,
} from '../../protocol/job-ids.ts';
import type { Manifest } from '../../protocol/manifest.ts';
import { merklePath, merkleRoot } from '../../protocol/merkle.ts';
import { type ContractName, contractNames, loadCompilation } from '../compilation.ts';
import type { Compilation } from '../compile.ts';
import type { Deployment } from '../deploy.ts';
import { circuitArgument, modelArgument, wiringArgument } from '../model-arguments.ts';
import type { Anvil, AnvilClient } from './anvil.ts';
import type { RealJob } from './real-jobs.ts';

const bare = (hex: string) => hex.slice(2).toLowerCase();
const hex = (bytes: Uint8Array): Hex => toHex(bytes);
const bytesOf = (word: string): Hex => hex(hexToBytes(word));

/** A transaction that succeeded. */
export interface SentTransaction extends TransactionReceipt {
  /** As it went over the wire: serialised and signed. */
  serialised: Hex;
  calldata: Hex;
}

/** A posted job with what its terms stand for. */
export interface PostedJob {
  id: Hex;
  terms: JobTerms;
  offers: readonly SegmentOffer[];
  manifest: Manifest;
  commitments: readonly (readonly Uint8Array[])[];
}

/** The artifact that an optimistic submission names: the ABI encoding of the contracts' `Proof`. */
function proofArtifact(proof: Proof): Hex {
  const components = [
    { name: 'publicInputs', type: 'uint256[]' },
    { name: 'data', type: 'bytes' },
  ] as const;
  return encodeAbiParameters([{ type: 'tuple', components }], [proofArgument(proof)]);
}

export const proofArgument = ({ publicInputs, bytes }: Proof) => ({ publicInputs, data: hex(bytes) });

/** Terms as the contracts' `Terms`. */
export const termsArgument = (terms: JobTerms) => ({
  requester: `0x${terms.requester}` as Address,
  nonce: terms.nonce,
  model: bytesOf(terms.model),
  inputDigest: bytesOf(terms.inputDigest),
  outputDigest: bytesOf(terms.outputDigest),
  edges: bytesOf(terms.edges),
  edgeCount: BigInt(terms.edgeCount),
  offers: bytesOf(terms.offers),
  token: `0x${terms.token}` as Address,
  optimistic: terms.optimistic,
  window: terms.window,
  expiry: terms.expiry,
});

export class MarketUser {
  readonly client: AnvilClient;
  readonly deployment: Deployment;
  readonly #abis: Record<string, Abi>;

  private constructor(client: AnvilClient, deployment: Deployment, abis: Record<string, Abi>) {
    this.client = client;
    this.deployment = deployment;
    this.#abis = abis;
  }

  static async open(anvil: Anvil, account: number, deployment: Deployment): Promise<MarketUser> {
    const compilation = await loadCompilationOnce();
    const abis = Object.fromEntries(contractNames.map((name) => [name, callingAbi(compilation, name)]));
    return new MarketUser(anvil.client(account), deployment, abis);
  }

  get address(): Address {
    return this.client.account.address;
  }

  get place() {
    return {
      chainId: BigInt(this.deployment.chainId),
      market: bare(this.deployment.contracts.Market.address),
    };
  }

  async send(
    contract: keyof Deployment['contracts'],
    functionName: string,
    args: readonly unknown[],
    value = 0n,
  ): Promise<SentTransaction> {
    const { address } = this.deployment.contracts[contract];
    const abi = this.#abis[contract] as Abi;
    const request = { address, abi, functionName, args, value, chain: this.client.chain };
    // The simulation names the error; the limit then leaves room for what verifiers ask to have in hand.
    await this.client.simulateContract({ ...request, account: this.client.account });
    const calldata = encodeFunctionData(request);
    const prepared = await this.client.prepareTransactionRequest({
      chain: this.client.chain,
      account: this.client.account,
      to: address,
      data: calldata,
      value,
      gas: 16_000_000n,
    });
    const serialised = await this.client.signTransaction(prepared);
    const hash = await this.client.sendRawTransaction({ serializedTransaction: serialised });
    const receipt = await this.client.waitForTransactionReceipt({ hash });
    if (receipt.status !== 'success') throw new Error(`${functionName} failed`);
    return { ...receipt, serialised, calldata };
  }

  read(
    contract: keyof Deployment['contracts'],
    functionName: string,
    args: readonly unknown[],
  ): Promise<unknown> {
    const { address } = this.deployment.contracts[contract];
    return this.client.readContract({ address, abi: this.#abis[contract] as Abi, functionName, args });
  }

  /** @returns receipts of every circuit's registration and of the model's */
  async registerModel(job: RealJob): Promise<SentTransaction[]> {
    const receipts: SentTransaction[] = [];
    for (const [i, circuit] of job.manifest.circuits.entries()) {
      const adapter = circuit.prover === 'ezkl' ? this.deployment.ezkl?.adapters[0] : undefined;
      const verifier = adapter ?? this.deployment.contracts.Groth16Verifier;
      const data = job.verifyingData[i] as Uint8Array;
      const args = [circuitArgument(circuit), verifier.address, [], hex(data)];
      receipts.push(await this.send('ModelRegistry', 'registerCircuit', args));
    }
    receipts.push(await this.send('ModelRegistry', 'registerModel', [modelArgument(job.manifest)]));
    return receipts;
  }

  async enrol(stake: bigint): Promise<void> {
    const market = this.deployment.contracts.Market.address;
    await this.send('NodeRegistry', 'deposit', [this.address, market], stake);
  }

  async now(): Promise<bigint> {
    return (await this.client.getBlock()).timestamp;
  }

  async post(
    job: RealJob,
    optimistic: boolean,
    nonce = 0n,
  ): Promise<{ job: PostedJob; receipt: SentTransaction }> {
    const { manifest, commitments } = job;
    const { graph } = manifest;
    const offers = graph.segments.map(() => ({
      reward: parseEther('1'),
      bond: parseEther('0.02'),
      duration: 3600,
    }));
    const terms: JobTerms = {
      requester: bare(this.address),
      nonce,
      model: modelId(manifest),
      ...statementDigests(graph, commitments),
      edges: bare(hex(edgesRoot(commitments))),
      edgeCount: commitments.length,
      offers: bare(hex(merkleRoot(offers.map((offer, i) => offerLeaf(i, offer))))),
      token: '0'.repeat(40),
      optimistic,
      window: optimistic ? 3600n : 0n,
      expiry: (await this.now()) + 86_400n,
    };
    const opening = (edge: number) => ({
      index: BigInt(edge),
      digest: hex(edgeDigest(commitments[edge] ?? [])),
      path: merklePath(commitments.map(edgeDigest), edge).map(hex),
    });
    const escrow = offers.reduce((sum, { reward }) => sum + reward, 0n);
    const args = [termsArgument(terms), escrow, graph.inputs.map(opening), graph.outputs.map(opening)];
    const receipt = await this.send('Market', 'post', args, escrow);
    return { job: { id: `0x${jobId(this.place, terms)}`, terms, offers, manifest, commitments }, receipt };
  }

  claim(job: PostedJob, segment: number): Promise<SentTransaction> {
    const path = merklePath(
      job.offers.map((offer, i) => offerLeaf(i, offer)),
      segment,
    );
    const args = [termsArgument(job.terms), BigInt(segment), job.offers[segment], path.map(hex)];
    return this.send('Market', 'claim', args);
  }

  context(job: PostedJob, segment: number): bigint {
    return contextOf(this.place, bare(job.id), segment, bare(this.address));
  }

  prove(job: PostedJob, segment: number, proof: Proof): Promise<SentTransaction> {
    return this.send('Market', 'prove', [...this.#proofPlace(job, segment), proofArgument(proof)]);
  }

  raise(job: PostedJob, segment: number, proof: Proof): Promise<SentTransaction> {
    return this.send('Market', 'raise', [...this.#proofPlace(job, segment), proofArgument(proof)]);
  }

  submit(job: PostedJob, segment: number, proof: Proof): Promise<SentTransaction> {
    const args = [termsArgument(job.terms), BigInt(segment), sha256(proofArtifact(proof))];
    return this.send('Market', 'submit', args);
  }

  defend(job: PostedJob, segment: number, proof: Proof): Promise<SentTransaction> {
    return this.send('Market', 'defend', [...this.#proofPlace(job, segment), proofArtifact(proof)]);
  }

  async challenge(job: PostedJob, segment: number): Promise<SentTransaction> {
    const bond = (await this.read('Market', 'challengeBond', [])) as bigint;
    // The base fee, and with it the bond, may rise until the next block.
    return this.send('Market', 'challenge', [termsArgument(job.terms), BigInt(segment)], 2n * bond);
  }

  /** Calls a function that takes the terms and a segment. */
  end(
    action: 'abandon' | 'expire' | 'reject' | 'settle',
    job: PostedJob,
    segment: number,
  ): Promise<SentTransaction> {
    return this.send('Market', action, [termsArgument(job.terms), BigInt(segment)]);
  }

  close(job: PostedJob): Promise<SentTransaction> {
    return this.send('Market', 'close', [termsArgument(job.terms)]);
  }

  isVerified({ terms }: PostedJob): Promise<unknown> {
    const words = [terms.model, terms.inputDigest, terms.outputDigest].map(bytesOf);
    return this.read('Market', 'isVerified', words);
  }

  async pass(seconds: number): Promise<void> {
    await this.client.increaseTime({ seconds });
    await this.client.mine({ blocks: 1 });
  }

  #proofPlace(job: PostedJob, segment: number) {
    const { manifest, commitments } = job;
    const refs = manifest.graph.segments[segment];
    const blocks = [...(refs?.inputs ?? []), ...(refs?.outputs ?? [])];
    const openings = blockPaths(commitments, blocks).map((opening) => ({
      blockCount: BigInt(opening.blockCount),
      blockPath: opening.blockPath.map(hex),
      edgePath: opening.edgePath.map(hex),
    }));
    return [termsArgument(job.terms), BigInt(segment), wiringArgument(manifest, segment), openings];
  }
}

let compilation: ReturnType<typeof loadCompilation> | undefined;

function loadCompilationOnce(): ReturnType<typeof loadCompilation> {
  compilation ??= loadCompilation();
  return compilation;
}

/**
 * A contract's functions and events, with the errors of all contracts: a call may fail in one that it calls, and the
 * error comes through unchanged.
 */
function callingAbi({ contracts }: Compilation<ContractName>, name: ContractName): Abi {
  const errors = new Map(
    contractNames
      .flatMap((each) => contracts[each].abi)
      .filter((item) => item.type === 'error')
      .map((item) => [JSON.stringify([item.name, item.inputs.map(({ type }) => type)]), item]),
  );
  return [...contracts[name].abi.filter(({ type }) => type !== 'error'), ...errors.values()];
}
