import { type Abi, encodeFunctionData, type Hex, hexToBytes, keccak256, serializeTransaction } from 'viem';
import { attempt, type Chain, type WriteRequest } from './chain-client.ts';
import { type DataPrices, dataFee, readDataPrices } from './data-prices.ts';

/** What a transaction is expected to cost; amounts in wei. */
export interface TransactionCost {
  /** What it does, in words. */
  action: string;
  /** Gas of its execution. */
  gas: bigint;
  executionFee: bigint;
  /** What a layer 2 charges for its data beside; 0 elsewhere. */
  dataFee: bigint;
}

/** What a chain takes at the moment, in wei. */
export interface ChainPrices {
  gas: bigint;
  /** Left out where data cost nothing beside gas. */
  data?: DataPrices;
}

/** Least gas of a transaction (EIP-2). */
const intrinsicGas = 21_000n;

/** @throws TesseraError `CHAIN_FAILED` */
export async function readPrices(chain: Chain): Promise<ChainPrices> {
  const [gas, data] = await Promise.all([
    attempt('Asking for the price of gas', () => chain.client.getGasPrice()),
    readDataPrices(chain),
  ]);
  return { gas, ...(data === undefined ? {} : { data }) };
}

/**
 * What a call is expected to cost if it is sent now.
 *
 * @param gas of its execution, where that is known: a call that others have to come before cannot be estimated alone
 * @throws TesseraError `CHAIN_REFUSED` when it would revert, `CHAIN_FAILED`
 */
export async function costOf(
  chain: Chain,
  request: WriteRequest<Abi, string>,
  prices: ChainPrices,
  gas?: bigint,
): Promise<TransactionCost> {
  const { address, abi, functionName, args, value, action } = request;
  const data = encodeFunctionData({ abi, functionName, args });
  const forData =
    prices.data === undefined
      ? 0n
      : dataFee(prices.data, signedBytes(chain, request, data), hexToBytes(data));
  const estimate = async () => {
    await chain.simulate(request);
    const call = { account: chain.address, to: address, data, ...(value === undefined ? {} : { value }) };
    const total = await attempt(action, () => chain.client.estimateGas(call));
    return total - gasOfData(forData, prices);
  };
  const expected = gas ?? (await estimate());
  const execution = expected < intrinsicGas ? intrinsicGas : expected;
  return { action, gas: execution, executionFee: execution * prices.gas, dataFee: forData };
}

/** Arbitrum's endpoints count data in the gas that they estimate, at the price of its own gas. */
function gasOfData(fee: bigint, { gas, data }: ChainPrices): bigint {
  return data?.kind === 'arbitrum' && gas > 0n ? fee / gas : 0n;
}

/** The transaction as it would be sent, but for its signature: two words that compress as badly. */
function signedBytes(chain: Chain, { address, value }: WriteRequest<Abi, string>, data: Hex): Uint8Array {
  const r = keccak256(data);
  const transaction = serializeTransaction(
    {
      type: 'eip1559',
      chainId: chain.network.chainId,
      nonce: 0xffff,
      gas: 0xffffffn,
      maxFeePerGas: 0xffffffffffn,
      maxPriorityFeePerGas: 0xffffffffn,
      to: address,
      data,
      ...(value === undefined ? {} : { value }),
    },
    { r, s: keccak256(r), yParity: 1 },
  );
  return hexToBytes(transaction);
}
