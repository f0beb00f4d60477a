import {
  BaseError,
  createPublicClient,
  fallback,
  http,
  LimitExceededRpcError,
  RpcRequestError,
  type Transport,
} from 'viem';
import { TesseraError } from '../../protocol/errors.ts';

/** How long one endpoint may take to answer, in milliseconds. */
const timeout = 20_000;

/** How long an endpoint may take to say which chain it is of, in milliseconds. */
const probeTimeout = 5_000;

/** Rounds over all endpoints, the pause doubling from 100 ms: an outage of some 50 seconds is sat out. */
const rounds = 9;

/** Rounds before anything has answered: more likely than an outage is a wrong address. */
export const firstRounds = 6;

/**
 * One connection over several HTTP endpoints of one chain: what the first does not answer, because it is dead or limits
 * requests, the next is asked. An endpoint that turns out to be of another chain is passed over like a dead one.
 *
 * @param urls in the order of preference; one or more
 * @param chainId what every endpoint must be of; not checked unless given
 */
export function rpcTransport(urls: readonly string[], chainId?: number, retryCount = rounds): Transport {
  return fallback(
    urls.map((url) => (chainId === undefined ? endpoint(url) : endpointOf(chainId, url))),
    { retryCount, retryDelay: 100 },
  );
}

const endpoint = (url: string) => http(url, { retryCount: 0, timeout });

/** Asks an endpoint for its chain before anything else: it may have been down when the others were asked. */
function endpointOf(chainId: number, url: string): Transport {
  const open = endpoint(url);
  let isChecked = false;
  return (parameters) => {
    const inner = open(parameters);
    const request: typeof inner.request = async (call, options) => {
      if (!isChecked) {
        const found = Number(await inner.request({ method: 'eth_chainId' }));
        if (found !== chainId) throw wrongChain(url, found, chainId);
        isChecked = true;
      }
      return inner.request(call, options);
    };
    return { ...inner, request };
  };
}

/**
 * Which chain the endpoints are of, as those say that answer now.
 *
 * @returns nothing when none answers
 * @throws TesseraError `CHAIN_FAILED` when one is of another chain than the others, or than is expected
 */
export async function chainOf(urls: readonly string[], expected?: number): Promise<number | undefined> {
  const answers = await Promise.allSettled(
    urls.map((url) =>
      createPublicClient({ transport: http(url, { retryCount: 0, timeout: probeTimeout }) }).getChainId(),
    ),
  );
  let chain = expected;
  for (const [index, answer] of answers.entries()) {
    if (answer.status === 'rejected') continue;
    chain ??= answer.value;
    if (answer.value !== chain) throw wrongChain(urls[index] ?? '', answer.value, chain);
  }
  return answers.some(({ status }) => status === 'fulfilled') ? chain : undefined;
}

/** An endpoint must not be asked about a chain that it is not of. */
function wrongChain(url: string, found: number, expected: number): TesseraError {
  return new TesseraError('CHAIN_FAILED', {
    message: `${url} is of chain ${found}, not ${expected}`,
    remedy: 'Check --rpc and --chain-id: nothing was sent.',
    details: { url, found, expected },
  });
}

/**
 * Whether an endpoint answered, with an error: the call's own fault, or of an endpoint that cannot do it. One that is
 * down does not answer, and one that was asked too much says so.
 */
export function isAnswer(error: unknown): boolean {
  if (!(error instanceof BaseError)) return false;
  const answer = error.walk((inner) => inner instanceof RpcRequestError);
  return answer instanceof RpcRequestError && answer.code !== LimitExceededRpcError.code;
}
