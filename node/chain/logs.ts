import {
  type Address,
  BaseError,
  formatLog,
  HttpRequestError,
  type Log,
  numberToHex,
  type PublicClient,
  type RpcLog,
  RpcRequestError,
  TimeoutError,
} from 'viem';
import { attempt, type Chain } from './chain-client.ts';

/** A log that stands in a block. */
export type PlacedLog = Log<bigint, number, false>;

/** One contract's logs in a range of blocks, both ends included, in the chain's order; asked for in spans. */
export async function readLogs(
  { client, network }: Chain,
  address: Address,
  from: bigint,
  to: bigint,
): Promise<PlacedLog[]> {
  const all: PlacedLog[] = [];
  let span = BigInt(network.eventSpan);
  for (let start = from; start <= to; ) {
    const end = start + span - 1n < to ? start + span - 1n : to;
    const logs = await attempt(`Reading events of blocks ${start} to ${end}`, () =>
      askForLogs(client, address, start, end),
    );
    if (logs === undefined) {
      span = (end - start + 2n) / 2n;
      continue;
    }
    for (const log of logs) all.push(log);
    start = end + 1n;
  }
  return all;
}

/**
 * The logs of one contract in a range of blocks.
 *
 * @returns nothing when the endpoint does not take so many blocks at once; a single block is always read, or fails
 */
async function askForLogs(client: PublicClient, address: Address, from: bigint, to: bigint) {
  const ask = (options?: { retryCount: number }) =>
    client.request(
      {
        method: 'eth_getLogs',
        params: [{ address, fromBlock: numberToHex(from), toBlock: numberToHex(to) }],
      },
      options,
    );
  try {
    // To wait and ask again would not help against a limit.
    return (await ask({ retryCount: 0 })).map(confirmed);
  } catch (error) {
    if (from < to && isTooMuch(error)) return undefined;
    return (await ask()).map(confirmed);
  }
}

/** Every endpoint has its own error for a range or an answer above its limit; those that are down have none. */
function isTooMuch(error: unknown): boolean {
  if (!(error instanceof BaseError)) return false;
  const isRefused = error.walk((inner) => inner instanceof RpcRequestError) !== null;
  const http = error.walk((inner) => inner instanceof HttpRequestError);
  const status = http instanceof HttpRequestError ? http.status : undefined;
  return (
    isRefused || status === 400 || status === 413 || error.walk((e) => e instanceof TimeoutError) !== null
  );
}

function confirmed(log: RpcLog): PlacedLog {
  return formatLog(log) as PlacedLog;
}
