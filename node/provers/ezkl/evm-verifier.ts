import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { type EvmVerifier, evmVerifiers } from '../../../protocol/evm-verifiers.ts';
import { throwIfAborted } from '../../abort.ts';

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

const require = createRequire(import.meta.url);

/**
 * Compiles the reusable verifier that ezkl's `create_evm_verifier(…, reusable=True)` wrote, with the compiler from
 * npm and the settings of the protocol's list. Takes some seconds and 150 MB, in a process of its own.
 *
 * @param source Solidity
 * @throws TesseraError `PROVER_FAILED` when it does not compile, `PROVER_MISSING` for another compiler, `ABORTED`
 */
export async function compileEvmVerifier(source: string, signal?: AbortSignal): Promise<CompiledEvmVerifier> {
  const recipe = evmVerifiers[0] as EvmVerifier;
  const solc = compilerPackage();
  if (!recipe.solc.startsWith(`${solc.version}+`)) {
    throw new TesseraError('PROVER_MISSING', {
      message: `The Solidity compiler is ${solc.version}, the verifier's is ${recipe.solc}`,
      remedy: 'Run npm install, which puts the pinned version in place.',
    });
  }
  const file = 'verifier.sol';
  const input = {
    language: 'Solidity',
    sources: { [file]: { content: source } },
    settings: {
      ...recipe.settings,
      outputSelection: { [file]: { [recipe.contract]: ['evm.deployedBytecode.object'] } },
    },
  };
  const output = await runCompiler(solc.program, JSON.stringify(input), signal);
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

function compilerPackage(): { program: string; version: string } {
  const manifest = require.resolve('solc/package.json');
  const { bin, version } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    bin: { solcjs: string };
    version: string;
  };
  return { program: join(dirname(manifest), bin.solcjs), version };
}

async function runCompiler(program: string, input: string, signal?: AbortSignal): Promise<SolcOutput> {
  throwIfAborted(signal);
  const compiler = spawn(process.execPath, [program, '--standard-json'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {},
    ...(signal ? { signal } : {}),
  });
  // A compiler that dies while it is written to says so by its end.
  compiler.stdin.on('error', () => undefined).end(input);
  try {
    const [output] = await Promise.all([text(compiler.stdout), once(compiler, 'close')]);
    // The program says on the same stream which callbacks it was given none for.
    return JSON.parse(output.slice(output.indexOf('{'))) as SolcOutput;
  } catch (cause) {
    throwIfAborted(signal);
    throw new TesseraError('PROVER_FAILED', {
      message: 'The Solidity compiler ended without an answer',
      cause,
    });
  }
}
