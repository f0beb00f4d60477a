import type { Address } from 'viem';
import { arbitrum, arbitrumSepolia, scroll, scrollSepolia } from 'viem/chains';

/** How a layer 2 charges for a transaction's data. */
export interface DataPricing {
  kind: 'arbitrum' | 'scroll';
  /** Its contract that has the prices of the moment. */
  oracle: Address;
}

/** What a client must know of a chain. */
export interface Network {
  name: string;
  chainId: number;
  /** Blocks, its own included, after which a transaction or an event is taken for final. */
  confirmations: number;
  /** Milliseconds between two looks at the chain. */
  pollInterval: number;
  /** Milliseconds after which a transaction that is in no block is sent again with higher fees. */
  patience: number;
  /** Blocks that one request for events may span. */
  eventSpan: number;
  /** Left out where data cost nothing beside a transaction's gas. */
  dataPricing?: DataPricing;
}

/** The chain that runs on this machine; everybody knows its accounts' keys. */
export const embeddedNetwork: Network = {
  name: 'embedded',
  chainId: 31_337,
  confirmations: 1,
  pollInterval: 100,
  patience: 10_000,
  eventSpan: 10_000,
};

/**
 * Layer 2s order blocks by one sequencer, which does not take them back unless the layer below does or it fails; the
 * depth covers a sequencer's restart, not a fault of Ethereum.
 */
const rollup = { confirmations: 20, pollInterval: 1_000, patience: 30_000, eventSpan: 2_000 } as const;

/** The precompile `ArbGasInfo`. @see https://docs.arbitrum.io/build-decentralized-apps/precompiles/reference */
const arbitrumPricing: DataPricing = {
  kind: 'arbitrum',
  oracle: '0x000000000000000000000000000000000000006C',
};

/** The predeployed `L1GasPriceOracle`. @see https://docs.scroll.io/en/developers/l2-predeploys */
const scrollPricing: DataPricing = {
  kind: 'scroll',
  oracle: '0x5300000000000000000000000000000000000002',
};

const rollupOf = ({ id, name }: { id: number; name: string }, dataPricing: DataPricing): Network => ({
  name,
  chainId: id,
  ...rollup,
  dataPricing,
});

/** Networks that need no further settings, by chain id. */
export const knownNetworks: readonly Network[] = [
  embeddedNetwork,
  rollupOf(arbitrum, arbitrumPricing),
  rollupOf(arbitrumSepolia, arbitrumPricing),
  rollupOf(scroll, scrollPricing),
  rollupOf(scrollSepolia, scrollPricing),
];

/** The network of a chain id; for one that is not known, careful defaults. */
export function networkOf(chainId: number): Network {
  return (
    knownNetworks.find((network) => network.chainId === chainId) ?? {
      name: `chain ${chainId}`,
      chainId,
      confirmations: 12,
      pollInterval: 2_000,
      patience: 60_000,
      eventSpan: 1_000,
    }
  );
}
