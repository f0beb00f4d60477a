import type { Hex32 } from './edge.ts';

/** Verifier bytecode that may be run as a second opinion, and how anyone can make it again. */
export interface EvmVerifier {
  /** keccak256 of the runtime bytecode. */
  codeHash: Hex32;
  /** Contract in the source. */
  contract: string;
  /** What wrote the source: `create_evm_verifier(…, reusable=True)` of this version; the same for every circuit. */
  ezkl: string;
  /** Compiler, as `solc.version()` says. */
  solc: string;
  /** Compiler settings; without metadata, so that the bytes depend on the source's code alone. */
  settings: {
    evmVersion: string;
    optimizer: { enabled: boolean; runs: number };
    metadata: { bytecodeHash: string; appendCBOR: boolean };
  };
}

/** Every verifier whose bytecode is known. Code that is not listed is never run. */
export const evmVerifiers: readonly EvmVerifier[] = [
  {
    codeHash: '9001f52e7f1976554d034420221e76077b8578a8a8cd2883a703c2ae63b58352',
    contract: 'Halo2VerifierReusable',
    ezkl: '23.0.5',
    solc: '0.8.37+commit.f401782d.Emscripten.clang',
    settings: {
      evmVersion: 'cancun',
      optimizer: { enabled: true, runs: 1 },
      metadata: { bytecodeHash: 'none', appendCBOR: false },
    },
  },
];
