import pLimit from 'p-limit';
import {
  type Address,
  BaseError,
  decodeAbiParameters,
  encodeFunctionData,
  formatUnits,
  type Hex,
  hexToString,
  isAddressEqual,
  parseAbi,
  parseUnits,
  size,
  zeroAddress,
} from 'viem';
import { TesseraError } from '../../protocol/errors.ts';
import { attempt, type Chain } from './chain-client.ts';
import { isAnswer } from './transport.ts';

/** What amounts are of: the chain's coin, or an ERC-20. */
export interface Currency {
  /** Zero for the chain's coin. */
  token: Address;
  /** As the token calls itself, which proves nothing: any token can take any name. Left out where it has none. */
  symbol?: string;
  /** Places after the decimal point; 0 where the token does not say: amounts are of its smallest unit then. */
  decimals: number;
}

export const coin: Currency = { token: zeroAddress, symbol: 'coins', decimals: 18 };

/** The optional part of EIP-20. */
const descriptionAbi = parseAbi([
  'function symbol() view returns (string)',
  'function decimals() view returns (uint8)',
]);

/** Places that 2^256 has. */
const maxDecimals = 77;
/** Tokens that are asked for one listing. */
const maxAsked = 64;
const askedAtOnce = 8;
/** What a token may answer, in bytes: a short text in the ABI's encoding. */
const maxAnswer = 256;
/** Gas for an answer: a token that wants more gives none. */
const answerGas: Hex = '0x186a0';
/** No blanks, controls or marks that reorder text. */
const readableSymbol = /^[\p{L}\p{N}\p{P}\p{S}]{1,16}$/u;

/**
 * How a token shows amounts. What it does not say, or says in a way that cannot be, is left out: it is a stranger's
 * contract.
 *
 * @param token zero for the chain's coin
 * @throws TesseraError `CHAIN_FAILED` when no endpoint answers
 */
export async function readCurrency(chain: Chain, token: Address): Promise<Currency> {
  if (isAddressEqual(token, zeroAddress)) return coin;
  const [decimalsAnswer, symbolAnswer] = await Promise.all(
    (['decimals', 'symbol'] as const).map((functionName) =>
      ask(chain, token, encodeFunctionData({ abi: descriptionAbi, functionName })),
    ),
  );
  const symbol = symbolOf(symbolAnswer);
  return { token, ...(symbol === undefined ? {} : { symbol }), decimals: decimalsOf(decimalsAnswer) };
}

/** As {@link readCurrency}, of an address that is to be a token. @throws TesseraError also `USAGE` when it has no code */
export async function requireCurrency(chain: Chain, token: Address): Promise<Currency> {
  const read = () => chain.client.getCode({ address: token });
  const code = isAddressEqual(token, zeroAddress) ? '0x' : await attempt(`Reading ${token}`, read);
  if (code !== undefined) return readCurrency(chain, token);
  throw new TesseraError('USAGE', {
    message: `There is no contract at ${token} on chain ${chain.network.chainId}, so it is no token`,
    remedy: 'Check --token and --rpc: a token has another address on every chain.',
    details: { token },
  });
}

/**
 * How tokens show amounts that strangers chose: each is asked once, and no more than so many of them.
 *
 * @returns a token that was not asked has no decimals and no symbol
 * @throws TesseraError `CHAIN_FAILED` when no endpoint answers
 */
export async function readCurrencies(
  chain: Chain,
  tokens: Iterable<Address>,
): Promise<(token: Address) => Currency> {
  const asked = [...new Set(tokens)].slice(0, maxAsked);
  const limit = pLimit(askedAtOnce);
  const currencies = await Promise.all(asked.map((token) => limit(() => readCurrency(chain, token))));
  const byToken = new Map(currencies.map((currency, index) => [asked[index], currency]));
  return (token) => byToken.get(token) ?? { token, decimals: 0 };
}

/** Shows an amount: `0.03 coins`, `12.5 USDC of token 0x…`. @param amount in the smallest unit */
export function showAmount({ token, symbol, decimals }: Currency, amount: bigint): string {
  const number = formatUnits(amount, decimals);
  if (isAddressEqual(token, zeroAddress)) return `${number} ${symbol}`;
  return `${number} ${symbol === undefined ? '' : `${symbol} `}of token ${token}`;
}

/**
 * Reads an amount such as `0.05`; gives it in the smallest unit.
 *
 * @throws TesseraError `USAGE` for more places than the currency has
 */
export function parseAmount({ token, symbol, decimals }: Currency, text: string): bigint {
  const places = text.split('.')[1]?.length ?? 0;
  if (/^\d{1,78}(\.\d+)?$/.test(text) && places <= decimals) return parseUnits(text, decimals);
  throw new TesseraError('USAGE', {
    message: `${text.slice(0, 100)} is no amount of ${symbol ?? token}, which has ${decimals} decimals`,
    remedy: `Give ${decimals === 0 ? 'a whole number' : `at most ${decimals} digits after the point`}.`,
    details: { token, decimals },
  });
}

/** @returns nothing where the token gives no answer, or too long a one */
async function ask(chain: Chain, token: Address, data: Hex): Promise<Hex | undefined> {
  const call = (options?: { retryCount: number }) =>
    chain.client.request(
      { method: 'eth_call', params: [{ to: token, data, gas: answerGas }, 'latest'] },
      options,
    );
  const answer = await attempt(`Asking the token ${token} how it shows amounts`, async () => {
    try {
      return await call({ retryCount: 0 });
    } catch (error) {
      // Endpoints disagree on the error of a call that fails.
      return isAnswer(error) ? undefined : call();
    }
  });
  return answer === undefined || size(answer) > maxAnswer ? undefined : answer;
}

function decimalsOf(answer: Hex | undefined): number {
  if (answer === undefined || size(answer) !== 32) return 0;
  const decimals = BigInt(answer);
  return decimals <= maxDecimals ? Number(decimals) : 0;
}

/** Old tokens give 32 bytes that zeros fill up, others a string. */
function symbolOf(answer: Hex | undefined): string | undefined {
  if (answer === undefined || size(answer) < 32) return undefined;
  const symbol = size(answer) === 32 ? hexToString(answer, { size: 32 }) : textOf(answer);
  return symbol !== undefined && readableSymbol.test(symbol) ? symbol : undefined;
}

function textOf(answer: Hex): string | undefined {
  try {
    return decodeAbiParameters([{ type: 'string' }], answer)[0];
  } catch (error) {
    // Not the encoding of a string; a fault of this program is no error of the library.
    if (error instanceof BaseError) return undefined;
    throw error;
  }
}
