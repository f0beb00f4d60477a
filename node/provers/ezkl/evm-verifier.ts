import { createRequire } from 'node:module';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { type EvmVerifier, evmVerifiers } from '../../../protocol/evm-verifiers.ts';

/** The compiled verifier: what a certificate carries. */
export interface CompiledEvmVerifier {
  runtime: Uint8Array;
  /** keccak256 of the runtime bytecode. */
  codeHash: Hex32;
  /** Whether verifiers will run it: its hash is on the protocol's list. */
  known: boolean;
}

interface SolcOutput {
  errors?: readonly { severity: string; formattedMessage: string }[];
  contracts?: Record<string, Record<string, { evm: { deployedBytecode: { object: string } } }>>;
}

/**
 * Compiles the reusable verifier that ezkl's `create_evm_verifier(…, reusable=True)` wrote, with the compiler from
 * npm and the settings of the protocol's list. Takes some seconds and blocks.
 *
 * @param source Solidity
 * @throws TesseraError `PROVER_FAILED` when it does not compile, `PROVER_MISSING` for another compiler
 */
export function compileEvmVerifier(source: string): CompiledEvmVerifier {
  const recipe = evmVerifiers[0] as EvmVerifier;
  const solc = createRequire(import.meta.url)('solc') as {
    version(): string;
    compile(input: string): string;
  };
  if (solc.version() !== recipe.solc) {
    throw new TesseraError('PROVER_MISSING', {
      message: `The Solidity compiler is ${solc.version()}, the verifier's is ${recipe.solc}`,
      remedy: 'Run npm install, which puts the pinned version in place.',
    });
  }
  const file = 'verifier.sol';
  const output = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: 'Solidity',
        sources: { [file]: { content: source } },
        settings: {
          ...recipe.settings,
          outputSelection: { [file]: { [recipe.contract]: ['evm.deployedBytecode.object'] } },
        },
      }),
    ),
  ) as SolcOutput;
  const object = output.contracts?.[file]?.[recipe.contract]?.evm.deployedBytecode.object;
  if (object === undefined || object === '') {
    const errors = output.errors?.filter((error) => error.severity === 'error') ?? [];
    throw new TesseraError('PROVER_FAILED', {
      message: `ezkl's Solidity verifier does not compile: ${errors[0]?.formattedMessage ?? `no ${recipe.contract}`}`,
    });
  }
  const runtime = hexToBytes(object);
  const codeHash = bytesToHex(keccak_256(runtime));
  return { runtime, codeHash, known: evmVerifiers.some((verifier) => verifier.codeHash === codeHash) };
}
