import {
  type Address,
  type ContractFunctionName,
  encodeFunctionData,
  type Hex,
  size,
  type TransactionReceipt,
} from 'viem';
import type { Proof } from '../../protocol/certificate.ts';
import type { Hex32 } from '../../protocol/edge.ts';
import { contextOf, type JobTerms, jobId, type MarketPlace } from '../../protocol/job-ids.ts';
import { marketAbi, nodeRegistryAbi } from './abi.ts';
import type { Chain, WriteRequest } from './chain-client.ts';
import { segmentStates } from './contract-errors.ts';
import { bare, type ChainJob, offerPlace, segmentPlace, termsArgument, word } from './job.ts';
import { postingCalls } from './posting-calls.ts';
import { proofArgument } from './proof-artifact.ts';
import type { SendOptions } from './sender.ts';
import { requireAllowed } from './token.ts';
import { costOf, readPrices, type TransactionCost } from './transaction-cost.ts';

/** Where the contracts stand that a market consists of. */
export interface MarketAddresses {
  market: Address;
  models: Address;
  nodes: Address;
}

export type SegmentState = (typeof segmentStates)[number];

/** A segment as it stands on chain. */
export interface SegmentOnChain {
  state: SegmentState;
  /** Who holds, or held, the claim; zero for nobody. */
  claimant: Address;
  /** End of the state, in seconds since 1970; 0 for none. */
  deadline: bigint;
  failures: number;
  reward: bigint;
  bond: bigint;
  /** sha2-256 of the submitted proof's artifact. */
  proof: Hex;
  challenger: Address;
}

export interface JobOnChain {
  available: bigint;
  segments: number;
  verified: number;
  settled: number;
  closed: boolean;
}

/** What an account has staked, in wei. */
export interface StakeOnChain {
  amount: bigint;
  locked: bigint;
  leaving: bigint;
  releasedAt: bigint;
}

/** Names of the calls that send a transaction to the market. */
type Sending = ContractFunctionName<typeof marketAbi, 'nonpayable' | 'payable'>;

/** What a job's transactions need of it when they concern no proof. */
export type PostedTerms = Pick<ChainJob, 'terms'>;

/** The market's contract, and the registry of nodes beside it, on one chain. */
export class Market {
  readonly chain: Chain;
  readonly addresses: MarketAddresses;
  readonly #contract: { address: Address; abi: typeof marketAbi };
  readonly #nodes: { address: Address; abi: typeof nodeRegistryAbi };

  constructor(chain: Chain, addresses: MarketAddresses) {
    this.chain = chain;
    this.addresses = addresses;
    this.#contract = { address: addresses.market, abi: marketAbi };
    this.#nodes = { address: addresses.nodes, abi: nodeRegistryAbi };
  }

  /** What a job's id and a proof's context are bound to. */
  get place(): MarketPlace {
    return {
      chainId: BigInt(this.chain.network.chainId),
      market: bare(this.addresses.market),
    };
  }

  idOf(terms: JobTerms): Hex32 {
    return jobId(this.place, terms);
  }

  /** What a proof by an account must be bound to; by this one, unless given. */
  contextOf(job: Hex32, segment: number, prover: Address = this.chain.address): bigint {
    return contextOf(this.place, job, segment, bare(prover));
  }

  async job(id: Hex32): Promise<JobOnChain> {
    return this.chain.read({ ...this.#contract, functionName: 'jobOf', args: [word(id)] });
  }

  async segment(id: Hex32, index: number): Promise<SegmentOnChain> {
    const args = [word(id), BigInt(index)] as const;
    const found = await this.chain.read({ ...this.#contract, functionName: 'segmentOf', args });
    return { ...found, state: segmentStates[found.state] ?? 'open' };
  }

  async isBarred(id: Hex32, index: number, account: Address): Promise<boolean> {
    const args = [word(id), BigInt(index), account] as const;
    return this.chain.read({ ...this.#contract, functionName: 'isBarred', args });
  }

  /** Whether it is proven on this chain that the model gives this output on this input. */
  async isVerified({
    model,
    inputDigest,
    outputDigest,
  }: Pick<JobTerms, 'model' | 'inputDigest' | 'outputDigest'>): Promise<boolean> {
    const args = [word(model), word(inputDigest), word(outputDigest)] as const;
    return this.chain.read({ ...this.#contract, functionName: 'isVerified', args });
  }

  /** What an account can withdraw of a token; zero stands for the chain's coin. */
  async owed(account: Address, token: Address): Promise<bigint> {
    return this.chain.read({ ...this.#contract, functionName: 'owed', args: [account, token] });
  }

  async stake(account: Address): Promise<StakeOnChain> {
    const args = [account, this.addresses.market] as const;
    return this.chain.read({ ...this.#nodes, functionName: 'stakeOf', args });
  }

  /** Adds to what this account has staked. @param amount wei */
  async deposit(amount: bigint, options?: SendOptions): Promise<TransactionReceipt> {
    const args = [this.chain.address, this.addresses.market] as const;
    const request = {
      ...this.#nodes,
      functionName: 'deposit',
      args,
      value: amount,
      action: 'Depositing stake',
    } as const;
    return this.chain.write(request, options);
  }

  /**
   * Posts a job. Of a token the market is allowed as much as it takes, before; where the endpoints can rehearse both,
   * nothing is sent for a job that would be refused then.
   *
   * @param escrow what rewards are paid from, in the job's token
   */
  async post(job: ChainJob, escrow: bigint, options?: SendOptions): Promise<TransactionReceipt> {
    const { approvals, posting, allowance } = await postingCalls(
      this.chain,
      this.addresses.market,
      job,
      escrow,
    );
    if (approvals.length > 0) {
      await this.chain.rehearse([...approvals, posting]);
      for (const approval of approvals) await this.chain.write(approval, options);
      await requireAllowed(this.chain, allowance);
    }
    return this.chain.write(posting, options);
  }

  /**
   * What the transactions of a posting are expected to cost, in their order; sends nothing.
   *
   * @returns the first only, where a token is to be allowed before and no endpoint can rehearse that
   */
  async postingCosts(job: ChainJob, escrow: bigint): Promise<TransactionCost[]> {
    const { chain, addresses } = this;
    const { approvals, posting } = await postingCalls(chain, addresses.market, job, escrow);
    const prices = await readPrices(chain);
    if (approvals.length === 0) return [await costOf(chain, posting, prices)];
    const requests = [...approvals, posting];
    const gas = await chain.rehearse(requests);
    return Promise.all(
      // What comes later cannot be estimated by itself.
      (gas === undefined ? requests.slice(0, 1) : requests).map((request, index) =>
        costOf(chain, request, prices, gas?.[index]),
      ),
    );
  }

  async close({ terms }: PostedTerms, options?: SendOptions): Promise<TransactionReceipt> {
    const args = [termsArgument(terms)] as const;
    return this.#send({ functionName: 'close', args, action: 'Closing the job' }, options);
  }

  async claim(job: ChainJob, segment: number, options?: SendOptions): Promise<TransactionReceipt> {
    const { offer, path } = offerPlace(job, segment);
    const args = [termsArgument(job.terms), BigInt(segment), offer, path] as const;
    return this.#send({ functionName: 'claim', args, action: `Claiming segment ${segment}` }, options);
  }

  /** Has a proof verified, and the claimant paid. */
  async prove(
    job: ChainJob,
    segment: number,
    proof: Proof,
    options?: SendOptions,
  ): Promise<TransactionReceipt> {
    const action = `Submitting the proof of segment ${segment}`;
    const args = proofArguments(job, segment, proof);
    return this.#send({ functionName: 'prove', args, action }, options);
  }

  /** Makes a segment count as verified that was paid unchallenged. */
  async raise(
    job: ChainJob,
    segment: number,
    proof: Proof,
    options?: SendOptions,
  ): Promise<TransactionReceipt> {
    const action = `Proving segment ${segment}, which was settled unchallenged`;
    const args = proofArguments(job, segment, proof);
    return this.#send({ functionName: 'raise', args, action }, options);
  }

  /** @param artifact sha2-256 of the proof's artifact */
  async submit(
    { terms }: PostedTerms,
    segment: number,
    artifact: Hex32,
    options?: SendOptions,
  ): Promise<TransactionReceipt> {
    const args = [termsArgument(terms), BigInt(segment), word(artifact)] as const;
    const action = `Submitting the hash of segment ${segment}'s proof`;
    return this.#send({ functionName: 'submit', args, action }, options);
  }

  /** Challenges a submission, with a bond that the price of gas sets: twice what it is now, as that may rise. */
  async challenge(
    { terms }: PostedTerms,
    segment: number,
    options?: SendOptions,
  ): Promise<TransactionReceipt> {
    const bond = await this.chain.read({ ...this.#contract, functionName: 'challengeBond', args: [] });
    const args = [termsArgument(terms), BigInt(segment)] as const;
    const action = `Challenging the submission of segment ${segment}`;
    return this.#send({ functionName: 'challenge', args, value: 2n * bond, action }, options);
  }

  /** @param artifact the very bytes that were submitted by their hash */
  async defend(
    job: ChainJob,
    segment: number,
    artifact: Hex,
    options?: SendOptions,
  ): Promise<TransactionReceipt> {
    const { wiring, openings } = segmentPlace(job, segment);
    const args = [termsArgument(job.terms), BigInt(segment), wiring, openings, artifact] as const;
    const action = `Defending the submission of segment ${segment}`;
    return this.#send({ functionName: 'defend', args, action }, options);
  }

  /**
   * Ends a state whose time has passed, or gives up this account's claim: `abandon` (costs a part of the bond), `expire`
   * (a missed claim), `reject` (a challenge that nobody answered), `settle` (a submission that nobody challenged).
   */
  async end(
    how: keyof typeof endings,
    { terms }: PostedTerms,
    segment: number,
    options?: SendOptions,
  ): Promise<TransactionReceipt> {
    const args = [termsArgument(terms), BigInt(segment)] as const;
    return this.#send({ functionName: how, args, action: `${endings[how]} segment ${segment}` }, options);
  }

  /** Pays all that this account is owed in a token to an account. */
  async withdraw(token: Address, to: Address, options?: SendOptions): Promise<TransactionReceipt> {
    return this.#send({ functionName: 'withdraw', args: [token, to], action: 'Withdrawing' }, options);
  }

  #send<const N extends Sending>(
    call: Pick<WriteRequest<typeof marketAbi, N>, 'functionName' | 'args' | 'value' | 'action'>,
    options?: SendOptions,
  ): Promise<TransactionReceipt> {
    return this.chain.write<typeof marketAbi, N>({ ...this.#contract, ...call }, options);
  }
}

/** What shows the contract that a proof is one of this segment on the job's own edges. */
function proofArguments(job: ChainJob, segment: number, proof: Proof) {
  const { wiring, openings } = segmentPlace(job, segment);
  return [termsArgument(job.terms), BigInt(segment), wiring, openings, proofArgument(proof)] as const;
}

/** Bytes of the call's data that brings a proof to the market. */
export function proofCallBytes(job: ChainJob, segment: number, proof: Proof): number {
  const args = proofArguments(job, segment, proof);
  return size(encodeFunctionData({ abi: marketAbi, functionName: 'prove', args }));
}

const endings = {
  abandon: 'Abandoning',
  expire: 'Ending the missed claim of',
  reject: 'Ending the unanswered challenge of',
  settle: 'Settling',
} as const;
