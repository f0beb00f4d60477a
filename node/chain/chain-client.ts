import {
  type Abi,
  type Address,
  BaseError,
  type ContractFunctionArgs,
  type ContractFunctionName,
  type ContractFunctionReturnType,
  createPublicClient,
  defineChain,
  type EncodeFunctionDataParameters,
  ExecutionRevertedError,
  encodeFunctionData,
  type Hex,
  type LocalAccount,
  type PublicClient,
  type ReadContractParameters,
  type SimulateBlocksParameters,
  type SimulateContractParameters,
  type TransactionReceipt,
} from 'viem';
import { TesseraError } from '../../protocol/errors.ts';
import { refusalOf } from './contract-errors.ts';
import { reasonOf } from './failure-reason.ts';
import { type Network, networkOf } from './network.ts';
import { type SendOptions, TransactionSender } from './sender.ts';
import { chainOf, firstRounds, isAnswer, rpcTransport } from './transport.ts';

type Reading = 'pure' | 'view';
type Writing = 'nonpayable' | 'payable';

/** One function's call on one contract. */
export interface WriteRequest<A extends Abi, N extends ContractFunctionName<A, Writing>> {
  address: Address;
  abi: A;
  functionName: N;
  args: ContractFunctionArgs<A, Writing, N>;
  /** Wei sent along. */
  value?: bigint;
  /** What is tried, in words, for errors: `Claiming segment 2`. */
  action: string;
}

export interface ReadRequest<A extends Abi, N extends ContractFunctionName<A, Reading>> {
  address: Address;
  abi: A;
  functionName: N;
  args: ContractFunctionArgs<A, Reading, N>;
}

export interface ChainInit {
  /** HTTP endpoints of one chain, the preferred one first. */
  urls: readonly string[];
  /** Who sends; without one the chain can only be read. */
  account?: LocalAccount;
  /** What the chain must be; not checked unless given. */
  chainId?: number;
  /** Where it shall be treated otherwise than its network usually is. */
  pace?: Partial<Pick<Network, 'confirmations' | 'pollInterval' | 'patience' | 'eventSpan'>>;
}

/** A chain as this program uses it: typed reads, and writes that are simulated first and final when they return. */
export class Chain {
  readonly network: Network;
  readonly client: PublicClient;
  readonly account: LocalAccount | undefined;
  readonly #sender: TransactionSender | undefined;

  private constructor(client: PublicClient, network: Network, account: LocalAccount | undefined) {
    this.client = client;
    this.network = network;
    this.account = account;
    this.#sender = account === undefined ? undefined : new TransactionSender({ client, account, network });
  }

  /** @throws TesseraError `CHAIN_FAILED` when no endpoint answers, or one is of another chain than was named */
  static async connect({ urls, account, chainId, pace = {} }: ChainInit): Promise<Chain> {
    const found =
      (await chainOf(urls, chainId)) ??
      (await attempt(`Asking ${urls.join(', ')} for its chain`, () =>
        createPublicClient({ transport: rpcTransport(urls, chainId, firstRounds) }).getChainId(),
      ));
    const network = { ...networkOf(found), ...pace };
    const transport = rpcTransport(urls, found);
    const chain = defineChain({
      id: found,
      name: network.name,
      nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
      rpcUrls: { default: { http: urls } },
    });
    const client = createPublicClient({
      chain,
      transport,
      cacheTime: 0,
      pollingInterval: network.pollInterval,
    });
    return new Chain(client as PublicClient, network, account);
  }

  /** The account that sends. @throws TesseraError `USAGE` when there is none */
  get address(): Address {
    return this.#requireSender().address;
  }

  /** @throws TesseraError `CHAIN_REFUSED` for a revert, `CHAIN_FAILED` */
  async read<const A extends Abi, N extends ContractFunctionName<A, Reading>>(
    request: ReadRequest<A, N>,
  ): Promise<ContractFunctionReturnType<A, Reading, N>> {
    const result = await attempt(`Reading ${request.functionName}`, () =>
      this.client.readContract(request as ReadContractParameters),
    );
    return result as ContractFunctionReturnType<A, Reading, N>;
  }

  /**
   * Simulates a call and, if it would succeed, sends it and waits until it is final.
   *
   * @throws TesseraError `CHAIN_REFUSED` when it would revert, or did; `CHAIN_FAILED`
   */
  async write<const A extends Abi, N extends ContractFunctionName<A, Writing>>(
    request: WriteRequest<A, N>,
    options: SendOptions = {},
  ): Promise<TransactionReceipt> {
    const { address, value, action } = request;
    const sender = this.#requireSender();
    const simulate = () => this.simulate(request);
    const data = encodeFunctionData(request as unknown as EncodeFunctionDataParameters);
    const call = { to: address, data, ...(value === undefined ? {} : { value }) };
    const receipt = await attempt(action, async () => {
      try {
        return await sender.send(call, simulate, options);
      } catch (error) {
        // Something else came first after the simulation; the same one now says what.
        if (isRevert(error)) await simulate();
        throw error;
      }
    });
    if (receipt.status === 'success') return receipt;
    // It succeeded when it was simulated: something else came first. Now the same simulation says what.
    await simulate();
    throw new TesseraError('CHAIN_REFUSED', {
      message: `${action}: the transaction ${receipt.transactionHash} failed, though it would succeed now`,
      remedy: 'Run the same command again.',
      details: { error: null, transaction: receipt.transactionHash },
    });
  }

  /**
   * Sends a contract's creation and waits until it is final. One that would revert is not sent.
   *
   * @param code what the creation runs, its arguments included
   * @param action what is tried, in words, for errors
   * @throws TesseraError `CHAIN_REFUSED` when it reverted, `CHAIN_FAILED`
   */
  async create(code: Hex, action: string, options: SendOptions = {}): Promise<TransactionReceipt> {
    const sender = this.#requireSender();
    // The estimate of its gas, which precedes every transaction, fails where the creation would.
    const receipt = await attempt(action, () => sender.send({ data: code }, async () => undefined, options));
    if (receipt.status === 'success') return receipt;
    throw new TesseraError('CHAIN_REFUSED', {
      message: `${action}: the transaction ${receipt.transactionHash} failed`,
      remedy: 'Run the same command again.',
      details: { error: null, transaction: receipt.transactionHash },
    });
  }

  /** Runs a call without sending it. @throws TesseraError `CHAIN_REFUSED` when it would revert; `CHAIN_FAILED` */
  async simulate<const A extends Abi, N extends ContractFunctionName<A, Writing>>(
    request: WriteRequest<A, N>,
  ): Promise<void> {
    const { action, ...call } = request;
    await attempt(action, () =>
      this.client.simulateContract({
        ...call,
        account: this.address,
      } as unknown as SimulateContractParameters),
    );
  }

  /**
   * Runs calls one after the other, each on what those before it leave, without sending any.
   *
   * @returns the gas of each; nothing where no endpoint can do this (`eth_simulateV1`)
   * @throws TesseraError `CHAIN_REFUSED` when one would revert; `CHAIN_FAILED`
   */
  async rehearse(requests: readonly WriteRequest<Abi, string>[]): Promise<readonly bigint[] | undefined> {
    const account = this.address;
    const calls = requests.map(({ address, action: _, ...call }) => ({ account, to: address, ...call }));
    const blocks = await attempt(requests.map(({ action }) => action).join(', then '), async () => {
      try {
        const parameters = { blocks: [{ calls }] } as unknown as SimulateBlocksParameters;
        return await this.client.simulateBlocks(parameters);
      } catch (error) {
        if (isAnswer(error)) return undefined;
        throw error;
      }
    });
    return blocks?.[0]?.calls.map(({ status, error, gasUsed }, index) => {
      if (status === 'success') return gasUsed;
      const action = requests[index]?.action ?? '';
      throw refusalOf(error, action) ?? refusedSilently(action);
    });
  }

  /** The time of the newest block, in seconds since 1970: what contracts go by. */
  async now(): Promise<bigint> {
    const block = await attempt('Reading the newest block', () => this.client.getBlock());
    return block.timestamp;
  }

  /** The newest block's number. */
  async height(): Promise<bigint> {
    return attempt('Reading the chain’s head', () => this.client.getBlockNumber({ cacheTime: 0 }));
  }

  #requireSender(): TransactionSender {
    if (this.#sender !== undefined) return this.#sender;
    throw new TesseraError('USAGE', {
      message: 'This needs an account, and none was given',
      remedy: 'Give an encrypted key with --keystore and --password-file.',
    });
  }
}

/** A contract need not say why. */
function refusedSilently(action: string): TesseraError {
  return new TesseraError('CHAIN_REFUSED', {
    message: `${action} would fail, and the contract does not say why`,
    remedy: 'Check the addresses with `tessera chain status`, and the token with its maker.',
    details: { error: null },
  });
}

function isRevert(error: unknown): boolean {
  return (
    error instanceof BaseError && error.walk((inner) => inner instanceof ExecutionRevertedError) !== null
  );
}

/** Gives whatever a chain or its endpoints answer the error of this program. */
export async function attempt<T>(action: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TesseraError) throw error;
    const refusal = refusalOf(error, action);
    if (refusal !== undefined) throw refusal;
    if (error instanceof Error && error.name === 'AbortError') {
      throw new TesseraError('ABORTED', { message: `${action} was cancelled`, cause: error });
    }
    throw new TesseraError('CHAIN_FAILED', {
      message: `${action}: ${reasonOf(error)}`,
      remedy:
        'Check that the endpoints of --rpc are up and, for what sends, that the account has coins for gas; then run the same command again: it goes on where it stopped.',
      cause: error,
    });
  }
}
