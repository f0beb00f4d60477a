/**
 * What a layer 2 charges for a transaction's data, beside its execution. Prices change from block to block and are
 * handed in; nothing here asks a network.
 */
import { brotliCompressSync, constants, zstdCompressSync } from 'node:zlib';

/** Calldata units of a byte: what a non-zero one costs on Ethereum (EIP-2028). */
const unitsPerByte = 16;
/** Quality that Arbitrum's state says to compress with; at 0, which it began with, the estimate is a little higher. */
const brotliQuality = 1;
/** Scale of Scroll's parameters. */
const precision = 1_000_000_000n;

/**
 * L1 gas that Arbitrum counts for a transaction: 16 for each byte of it that a fast Brotli compression leaves.
 *
 * @param transaction serialised and signed
 * @see https://docs.arbitrum.io/how-arbitrum-works/deep-dives/parent-chain-pricing
 */
export function arbitrumDataGas(transaction: Uint8Array): number {
  const compressed = brotliCompressSync(transaction, {
    params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality },
  });
  return unitsPerByte * compressed.length;
}

/**
 * Arbitrum's charge for a transaction's data, in wei.
 *
 * @param weiPerUnit price of a unit of L1 calldata, as `ArbGasInfo.getL1BaseFeeEstimate` gives it
 */
export function arbitrumDataFee(transaction: Uint8Array, weiPerUnit: bigint): bigint {
  return BigInt(arbitrumDataGas(transaction)) * weiPerUnit;
}

/** What Scroll's `L1GasPriceOracle` holds. Fees in wei; scalars, threshold and factor times 10^9. */
export interface ScrollPrices {
  l1BaseFee: bigint;
  l1BlobBaseFee: bigint;
  execScalar: bigint;
  blobScalar: bigint;
  /** Least compression ratio of the calldata that pays no penalty. */
  penaltyThreshold: bigint;
  /** What calldata that compress worse pay of the fee: 10^9 for no more than others. */
  penaltyFactor: bigint;
}

/**
 * Scroll's charge for a transaction's data since the Feynman upgrade, in wei: its size, by a price for each byte, more if
 * its calldata compress badly. Proofs do: they are random bytes.
 *
 * @param transaction serialised and signed
 * @param calldata its payload, on which the ratio is taken
 * @see https://github.com/scroll-tech/go-ethereum/pull/1217
 */
export function scrollDataFee(transaction: Uint8Array, calldata: Uint8Array, prices: ScrollPrices): bigint {
  const perByte = prices.execScalar * prices.l1BaseFee + prices.blobScalar * prices.l1BlobBaseFee;
  const penalised = calldata.length > 0 && compressionRatio(calldata) < prices.penaltyThreshold;
  const penalty = penalised ? prices.penaltyFactor : precision;
  return (BigInt(transaction.length) * perByte * penalty) / (precision * precision);
}

/** Never below one, times 10^9. */
function compressionRatio(data: Uint8Array): bigint {
  const compressed = Math.min(zstdCompressSync(data).length, data.length);
  return (BigInt(data.length) * precision) / BigInt(compressed);
}
