import { setTimeout as sleep } from 'node:timers/promises';
import { Mutex } from 'async-mutex';
import {
  type Address,
  BaseError,
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

/** Times that a transaction's fees are raised before it is given up. */
const maxRaises = 6;

/** Nodes take a replacement for a tenth more; an eighth is above every known limit. */
const raised = (fee: bigint) => fee + fee / 8n + 1n;

/** A quarter above the estimate: verifiers ask for more gas in hand than they use. */
const withMargin = (gas: bigint) => gas + gas / 4n;

/**
 * Sends one account's transactions, one at a time: nonces in order, fees raised where a transaction is stuck, and done
 * only when the network's confirmations stand on it, after a reorganisation too. Whether a call would revert is for its
 * caller to find out beforehand.
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
   * @returns whether there is none; if there still is one, the next transaction takes its place
   */
  async settled({ signal }: SendOptions = {}): Promise<boolean> {
    const { network } = this.#init;
    const end = Date.now() + network.patience;
    for (;;) {
      throwIfAborted(signal);
      const [mined, pending] = await this.#counts();
      if (pending <= mined) return true;
      if (Date.now() > end) return false;
      await sleep(network.pollInterval, undefined, signal ? { signal } : {});
    }
  }

  /**
   * Sends a call and waits until it is final.
   *
   * @param prepare runs when it is this call's turn, and fails if the call would
   * @throws TesseraError `CHAIN_FAILED` when it stays out of every block, or another program uses this account
   */
  async send(
    call: Call,
    prepare: () => Promise<void>,
    options: SendOptions = {},
  ): Promise<TransactionReceipt> {
    const attempts = await this.#turn.runExclusive(async () => {
      await this.settled(options);
      await prepare();
      return this.#mine(call, options);
    });
    return this.#confirm(attempts, options);
  }

  async #counts(): Promise<[mined: number, pending: number]> {
    const { client } = this.#init;
    const of = (blockTag: 'latest' | 'pending') =>
      client.getTransactionCount({ address: this.address, blockTag });
    return Promise.all([of('latest'), of('pending')]);
  }

  /** Broadcasts until one attempt stands in a block. */
  async #mine(call: Call, { signal }: SendOptions): Promise<Attempts> {
    const { client, account, network } = this.#init;
    const gas = withMargin(await client.estimateGas({ account, ...call }));
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
      attempts.signed.push({ hash: keccak256(raw), raw });
      await this.#broadcast(attempts, raw);
      if (await this.#minedWithin(attempts, network.patience, signal)) return attempts;
      const market = await client.estimateFeesPerGas();
      const most = (a: bigint, b: bigint) => (a > b ? a : b);
      fees = {
        maxFeePerGas: most(market.maxFeePerGas, raised(fees.maxFeePerGas)),
        maxPriorityFeePerGas: most(market.maxPriorityFeePerGas, raised(fees.maxPriorityFeePerGas)),
      };
    }
    throw new TesseraError('CHAIN_FAILED', {
      message: `Transaction ${nonce} of ${account.address} stays out of every block, with its fees raised ${maxRaises} times`,
      remedy: 'Wait until the network is less busy and run the same command again.',
      details: { nonce, transactions: attempts.signed.map(({ hash }) => hash) },
    });
  }

  async #broadcast(attempts: Attempts, serializedTransaction: Hex): Promise<void> {
    try {
      await this.#init.client.sendRawTransaction({ serializedTransaction });
    } catch (error) {
      // A node that has it already, or has put it into a block, says so by an error.
      if (isKnown(error) || (await this.#receipt(attempts)) !== undefined) return;
      const spent = error instanceof BaseError && error.walk((inner) => inner instanceof NonceTooLowError);
      // A replacement that is too cheap leaves the earlier attempt standing; the next one pays more.
      if (attempts.signed.length > 1 && !spent) return;
      throw new TesseraError('CHAIN_FAILED', {
        message: spent
          ? `Another program sent transaction ${attempts.nonce} of ${this.address}`
          : `The network does not take a transaction of ${this.address}: ${error instanceof BaseError ? error.shortMessage : error}`,
        remedy: spent
          ? 'Run the same command again; give each program that runs at the same time an account of its own.'
          : 'Check that the account has coins for gas (`tessera chain status`) and run the same command again.',
        cause: error,
      });
    }
  }

  async #minedWithin(attempts: Attempts, patience: number, signal?: AbortSignal): Promise<boolean> {
    const end = Date.now() + patience;
    for (;;) {
      throwIfAborted(signal);
      if ((await this.#receipt(attempts)) !== undefined) return true;
      if (Date.now() > end) return false;
      await sleep(this.#init.network.pollInterval, undefined, signal ? { signal } : {});
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
    for (;;) {
      throwIfAborted(signal);
      const receipt = await this.#receipt(attempts);
      if (receipt === undefined) {
        const last = attempts.signed.at(-1);
        if (last !== undefined) await this.#broadcast(attempts, last.raw);
      } else {
        const head = await client.getBlockNumber({ cacheTime: 0 });
        if (head - receipt.blockNumber + 1n >= BigInt(network.confirmations)) return receipt;
      }
      await sleep(network.pollInterval, undefined, signal ? { signal } : {});
    }
  }
}

/** Nodes do not agree on an error's number for a transaction that they already have. */
function isKnown(error: unknown): boolean {
  return error instanceof Error && /already known|already imported|known transaction/i.test(error.message);
}
