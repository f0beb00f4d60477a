import { fallback, http, type Transport } from 'viem';

/** How long one endpoint may take to answer, in milliseconds. */
const timeout = 20_000;

/** Rounds over all endpoints, the pause doubling from 100 ms: an outage of some 50 seconds is sat out. */
const rounds = 9;

/**
 * One connection over several HTTP endpoints of one chain: what the first does not answer, because it is dead or limits
 * requests, the next is asked.
 *
 * @param urls in the order of preference; one or more
 */
export function rpcTransport(urls: readonly string[]): Transport {
  return fallback(
    urls.map((url) => http(url, { retryCount: 0, timeout })),
    { retryCount: rounds, retryDelay: 100 },
  );
}
