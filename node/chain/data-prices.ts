import { type Address, keccak256, parseAbi, toBytes } from 'viem';
import type { Chain } from './chain-client.ts';
import { arbitrumDataFee, type ScrollPrices, scrollDataFee } from './data-cost.ts';

/** What a layer 2 takes for data at the moment, in wei. */
export type DataPrices = { kind: 'arbitrum'; weiPerUnit: bigint } | ({ kind: 'scroll' } & ScrollPrices);

const arbitrumAbi = parseAbi(['function getL1BaseFeeEstimate() view returns (uint256)']);

const scrollAbi = parseAbi([
  'function l1BaseFee() view returns (uint256)',
  'function l1BlobBaseFee() view returns (uint256)',
  'function commitScalar() view returns (uint256)',
  'function blobScalar() view returns (uint256)',
  'function penaltyThreshold() view returns (uint256)',
  'function penaltyFactor() view returns (uint256)',
]);

/**
 * Asks a chain what it takes for data.
 *
 * @returns nothing where data cost nothing beside gas
 * @throws TesseraError `CHAIN_FAILED`, `CHAIN_REFUSED`
 */
export async function readDataPrices(chain: Chain): Promise<DataPrices | undefined> {
  const { dataPricing } = chain.network;
  if (dataPricing === undefined) return undefined;
  const { kind, oracle } = dataPricing;
  return kind === 'arbitrum'
    ? { kind, weiPerUnit: await readArbitrum(chain, oracle) }
    : { kind, ...(await readScroll(chain, oracle)) };
}

/**
 * What a layer 2 charges for a transaction's data, in wei.
 *
 * @param transaction serialised and signed
 * @param calldata its payload
 */
export function dataFee(prices: DataPrices, transaction: Uint8Array, calldata: Uint8Array): bigint {
  return prices.kind === 'arbitrum'
    ? arbitrumDataFee(transaction, prices.weiPerUnit)
    : scrollDataFee(transaction, calldata, prices);
}

/** What a kilobyte costs that does not compress, as proofs do not, in wei. */
export function kilobyteFee(prices: DataPrices): bigint {
  return dataFee(prices, incompressible, incompressible);
}

const incompressible = Buffer.concat(
  Array.from({ length: 32 }, (_, index) => toBytes(keccak256(toBytes(index)))),
).subarray(0, 1_000);

function readArbitrum(chain: Chain, address: Address): Promise<bigint> {
  return chain.read({ address, abi: arbitrumAbi, functionName: 'getL1BaseFeeEstimate', args: [] });
}

async function readScroll(chain: Chain, address: Address): Promise<ScrollPrices> {
  const names = [
    ...(['l1BaseFee', 'l1BlobBaseFee', 'commitScalar', 'blobScalar'] as const),
    ...(['penaltyThreshold', 'penaltyFactor'] as const),
  ];
  const [l1BaseFee = 0n, l1BlobBaseFee = 0n, execScalar = 0n, blobScalar = 0n, threshold = 0n, factor = 0n] =
    await Promise.all(
      names.map((functionName) => chain.read({ address, abi: scrollAbi, functionName, args: [] })),
    );
  // Since Feynman the oracle keeps the scalar of execution where it had that of commitments.
  return {
    l1BaseFee,
    l1BlobBaseFee,
    execScalar,
    blobScalar,
    penaltyThreshold: threshold,
    penaltyFactor: factor,
  };
}
