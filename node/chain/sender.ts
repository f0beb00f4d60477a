import { setTimeout as sleep } from 'node:timers/promises';
import { Mutex } from 'async-mutex';
import {
  type Address,
  type Hex,
  keccak256,
  type LocalAccount,
  NonceTooLowError,
  type PublicClient,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
} from 'viem';
import { TesseraError } from '../../protocol/errors.ts';
import { throwIfAborted } from '../abort.ts';
import { reasonOf } from './failure-reason.ts';
import type { Network } from './network.ts';

/** What is sent; a deployment has no `to`. */
export interface Call {
  to?: Address;
  data: Hex;
  value?: bigint;
}

export interface SendOptions {
  signal?: AbortSignal;
}

interface SenderInit {
  client: PublicClient;
  account: LocalAccount;
  network: Network;
}

/** A transaction that was signed, as often as its fees were raised; all of one nonce, so one of them counts. */
interface Attempts {
  nonce: number;
  signed: { hash: Hex; raw: Hex }[];
}

interface Fees {
  maxFeePerGas: bigint;
  maxPriorityFeePerGas: bigint;
}

/** What became of an attempt to hand a transaction to the network. */
type Broadcast =
  /** The network has it. */
  | 'taken'
  /** Another transaction of the same nonce stands in the pool and pays as much: only a dearer one takes its place. */
  | 'underpriced'
  /** Another transaction of the same nonce stands in a block. */
  | 'spent';

/** Times that a transaction's fees are raised before it is given up. */
const maxRaises = 6;

/** Times that a call gives way to another program that uses the same account, before it is given up. */
const maxYields = 10;

/** Nodes take a replacement for a tenth more; an eighth is above every known limit. */
const raised = (fee: bigint) => fee + fee / 8n + 1n;

/** For a transaction whose fees are not known: that of a process that ended. */
const doubled = (fee: bigint) => 2n * fee;

/** A quarter above the estimate: verifiers ask for more gas in hand than they use. */
const withMargin = (gas: bigint) => gas + gas / 4n;

/**
 * Sends one account's transactions, one at a time: nonces in order, fees raised where a transaction is stuck, and done
 * only when the network's confirmations stand on it, after a reorganisation too. Whether a call would revert is for its
 * caller to find out beforehand. Another program may use the account at the same time: a call whose nonce that one was
 * faster to use is prepared anew, as nothing of it was sent.
 */
export class TransactionSender {
  readonly #init: SenderInit;
  readonly #turn = new Mutex();

  constructor(init: SenderInit) {
    this.#init = init;
  }

  get address(): Address {
    return this.#init.account.address;
  }

  /**
   * Waits until no transaction of this account is pending: what an earlier process sent may change what a call would do.
   *
   * @returns whether there is none; if there still is one, it is stuck, and the next transaction takes its place
   */
  async settled({ signal }: SendOptions = {}): Promise<boolean> {
    const { network } = this.#init;
    const end = Date.now() + network.patience;
    for (;;) {
      throwIfAborted(signal);
      const [mined, pending] = await this.#counts();
      if (pending <= mined) return true;
      if (Date.now() > end) return false;
      await this.#pause(signal);
    }
  }

  /**
   * Sends a call and waits until it is final.
   *
   * @param prepare runs when it is this call's turn, and fails if the call would
   * @throws TesseraError `CHAIN_FAILED` when it stays out of every block, or other programs keep using this account
   */
  async send(
    call: Call,
    prepare: () => Promise<void>,
    options: SendOptions = {},
  ): Promise<TransactionReceipt> {
    const attempts = await this.#turn.runExclusive(async () => {
      for (let yields = 0; yields <= maxYields; yields++) {
        const replaces = !(await this.settled(options));
        await prepare();
        const mined = await this.#mine(call, replaces, options);
        if (mined !== undefined) return mined;
      }
      throw this.#shared((await this.#counts())[0]);
    });
    return this.#confirm(attempts, options);
  }

  async #counts(): Promise<[mined: number, pending: number]> {
    const { client } = this.#init;
    const of = (blockTag: 'latest' | 'pending') =>
      client.getTransactionCount({ address: this.address, blockTag });
    return Promise.all([of('latest'), of('pending')]);
  }

  /**
   * Broadcasts until one attempt stands in a block.
   *
   * @param replaces whether another transaction of the same nonce is stuck, whose place this one is to take
   * @returns nothing when another program was faster to use the nonce, and nothing was sent
   */
  async #mine(call: Call, replaces: boolean, { signal }: SendOptions): Promise<Attempts | undefined> {
    const { client, account, network } = this.#init;
    const gas = withMargin(await client.estimateGas({ account: account.address, ...call, prepare: false }));
    const [nonce] = await this.#counts();
    const attempts: Attempts = { nonce, signed: [] };
    let fees: Fees = await client.estimateFeesPerGas();
    for (let raises = 0; raises <= maxRaises; raises++) {
      throwIfAborted(signal);
      const raw = await account.signTransaction({
        ...call,
        ...fees,
        type: 'eip1559',
        chainId: network.chainId,
        nonce,
        gas,
      });
      const isFirst = attempts.signed.length === 0;
      attempts.signed.push({ hash: keccak256(raw), raw });
      const outcome = await this.#broadcast(attempts, raw);
      if (isFirst && (outcome === 'spent' || (outcome === 'underpriced' && !replaces))) {
        await this.#pause(signal);
        return undefined;
      }
      if (outcome === 'spent') throw this.#shared(nonce);
      const isStranger = isFirst && outcome === 'underpriced';
      if (isStranger) attempts.signed.pop();
      else if (await this.#minedWithin(attempts, signal)) return attempts;
      const market = await client.estimateFeesPerGas();
      const raise = isStranger ? doubled : raised;
      fees = {
        maxFeePerGas: larger(market.maxFeePerGas, raise(fees.maxFeePerGas)),
        maxPriorityFeePerGas: larger(market.maxPriorityFeePerGas, raise(fees.maxPriorityFeePerGas)),
      };
    }
    throw this.#stuck(attempts);
  }

  /** @throws TesseraError `CHAIN_FAILED` when the network refuses it for what it is */
  async #broadcast(attempts: Attempts, serializedTransaction: Hex): Promise<Broadcast> {
    try {
      await this.#init.client.sendRawTransaction({ serializedTransaction });
      return 'taken';
    } catch (error) {
      // A node that has it already, or has put it into a block, says so by an error.
      if (isKnown(error) || (await this.#receipt(attempts)) !== undefined) return 'taken';
      if (isSpent(error)) return 'spent';
      if (isUnderpriced(error)) return 'underpriced';
      throw new TesseraError('CHAIN_FAILED', {
        message: `The network does not take a transaction of ${this.address}: ${reasonOf(error)}`,
        remedy:
          'Check that the account has coins for gas (`tessera chain status`) and run the same command again.',
        cause: error,
      });
    }
  }

  async #minedWithin(attempts: Attempts, signal?: AbortSignal): Promise<boolean> {
    const end = Date.now() + this.#init.network.patience;
    for (;;) {
      throwIfAborted(signal);
      if ((await this.#receipt(attempts)) !== undefined) return true;
      if (Date.now() > end) return false;
      await this.#pause(signal);
    }
  }

  async #receipt({ signed }: Attempts): Promise<TransactionReceipt | undefined> {
    for (const { hash } of signed.toReversed()) {
      try {
        return await this.#init.client.getTransactionReceipt({ hash });
      } catch (error) {
        if (!(error instanceof TransactionReceiptNotFoundError)) throw error;
      }
    }
    return undefined;
  }

  /** Waits for confirmations; what a reorganisation took out of the chain is broadcast again. */
  async #confirm(attempts: Attempts, { signal }: SendOptions): Promise<TransactionReceipt> {
    const { client, network } = this.#init;
    let missingSince: number | undefined;
    for (;;) {
      throwIfAborted(signal);
      const receipt = await this.#receipt(attempts);
      if (receipt === undefined) {
        missingSince ??= Date.now();
        if (Date.now() - missingSince > maxRaises * network.patience) throw this.#stuck(attempts);
        const last = attempts.signed.at(-1);
        const outcome = last === undefined ? 'spent' : await this.#broadcast(attempts, last.raw);
        if (outcome === 'spent') throw this.#shared(attempts.nonce);
      } else {
        missingSince = undefined;
        const head = await client.getBlockNumber({ cacheTime: 0 });
        if (head - receipt.blockNumber + 1n >= BigInt(network.confirmations)) return receipt;
      }
      await this.#pause(signal);
    }
  }

  #pause(signal: AbortSignal | undefined): Promise<void> {
    return sleep(this.#init.network.pollInterval, undefined, signal ? { signal } : {});
  }

  #stuck({ nonce, signed }: Attempts): TesseraError {
    return new TesseraError('CHAIN_FAILED', {
      message: `Transaction ${nonce} of ${this.address} stays out of every block, with its fees raised ${maxRaises} times`,
      remedy: 'Wait until the network is less busy and run the same command again.',
      details: { nonce, transactions: signed.map(({ hash }) => hash) },
    });
  }

  #shared(nonce: number): TesseraError {
    return new TesseraError('CHAIN_FAILED', {
      message: `Another program sent transaction ${nonce} of ${this.address}`,
      remedy:
        'Run the same command again; give each program that runs at the same time an account of its own.',
      details: { nonce },
    });
  }
}

const larger = (a: bigint, b: bigint) => (a > b ? a : b);

/** Nodes do not agree on an error's number for a transaction that they already have. */
function isKnown(error: unknown): boolean {
  return error instanceof Error && /already known|already imported|known transaction/i.test(error.message);
}

/** Nor for one whose nonce stands in a block. */
function isSpent(error: unknown): boolean {
  return error instanceof Error && NonceTooLowError.nodeMessage.test(error.message);
}

/** Nor for one that pays too little to take another's place. */
function isUnderpriced(error: unknown): boolean {
  return (
    error instanceof Error && /replacement .*(underpriced|too low)|could not replace/i.test(error.message)
  );
}
