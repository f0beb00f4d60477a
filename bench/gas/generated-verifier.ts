/** The verifiers that gnark and ezkl generate for one circuit each: what the market's are compared with. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Abi, type Hex, toHex } from 'viem';
import { compilerSettings } from '../../contracts/compile.ts';
import type { Anvil } from '../../contracts/testing/anvil.ts';
import { workerProcess } from '../../node/provers/groth16/worker-process.ts';
import type { Proof } from '../../protocol/certificate.ts';

const run = promisify(execFile);
const ezklProgram = fileURLToPath(new URL('./ezkl-contract.py', import.meta.url));
const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string };

/** What a verifier of one circuit costs; its checks are the proof's alone, none of the market's. */
export interface GeneratedGas {
  deployment: number;
  verification: number;
}

export interface Groth16Source {
  /** Path of the Groth16 worker, whose gnark writes the contract. */
  worker: string;
  verifyingKey: Uint8Array;
  proof: Proof;
  directory: string;
}

/** gnark's contract of one verifying key, deployed and given a proof in a transaction. */
export async function measureGnarkVerifier(
  anvil: Anvil,
  { worker, verifyingKey, proof, directory }: Groth16Source,
): Promise<GeneratedGas> {
  const key = join(directory, 'verifying.key');
  const out = join(directory, 'gnark-verifier.sol');
  await writeFile(key, verifyingKey);
  const process = workerProcess(worker);
  try {
    await process.request('exportSolidity', { verifyingKey: key, out });
  } finally {
    await process.close();
  }
  const words = Array.from({ length: 8 }, (_, i) => toHex(proof.bytes.subarray(32 * i, 32 * (i + 1))));
  return measure(anvil, await readFile(out, 'utf8'), compilerSettings, [
    words.map(BigInt),
    proof.publicInputs,
  ]);
}

export interface EzklSource {
  /** The Python of an environment that has ezkl. */
  python: string;
  verifyingKey: Uint8Array;
  settings: Uint8Array;
  /** Path of the SRS. */
  srs: string;
  proof: Proof;
  directory: string;
  signal: AbortSignal;
}

/** ezkl's contract of one circuit, deployed and given a proof in a transaction. */
export async function measureEzklVerifier(anvil: Anvil, source: EzklSource): Promise<GeneratedGas> {
  const { directory, proof, signal } = source;
  const [key, settings, out] = ['ezkl.key', 'settings.json', 'ezkl-verifier.sol'].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  await writeFile(key, source.verifyingKey);
  await writeFile(settings, source.settings);
  await run(source.python, ['-I', '-B', ezklProgram, key, settings, source.srs, out], {
    cwd: directory,
    env: { HOME: directory },
    signal,
  });
  // Optimised for more runs, the code would be too large to deploy.
  const smallest = { ...compilerSettings, optimizer: { enabled: true, runs: 1 } };
  return measure(anvil, await readFile(out, 'utf8'), smallest, [toHex(proof.bytes), proof.publicInputs]);
}

interface SolcOutput {
  errors?: { severity: string; formattedMessage: string }[];
  contracts?: Record<string, Record<string, { abi: Abi; evm: { bytecode: { object: string } } }>>;
}

async function measure(
  anvil: Anvil,
  source: string,
  settings: object,
  args: readonly unknown[],
): Promise<GeneratedGas> {
  const contract = compileOne(source, settings);
  const { address, gas } = await anvil.deploy(contract);
  const client = anvil.client(0);
  const hash = await client.writeContract({
    address,
    abi: contract.abi,
    functionName: 'verifyProof',
    args,
    chain: client.chain,
  });
  const receipt = await client.waitForTransactionReceipt({ hash });
  if (receipt.status !== 'success') throw new Error('the generated verifier refuses the proof');
  return { deployment: Number(gas), verification: Number(receipt.gasUsed) };
}

/** The one contract of a source that verifies. */
function compileOne(content: string, settings: object): { abi: Abi; bytecode: Hex } {
  const input = {
    language: 'Solidity',
    sources: { 'verifier.sol': { content } },
    settings: { ...settings, outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } } },
  };
  const { contracts, errors = [] } = JSON.parse(solc.compile(JSON.stringify(input))) as SolcOutput;
  const found = Object.values(contracts?.['verifier.sol'] ?? {}).find(({ abi }) =>
    abi.some((item) => item.type === 'function' && item.name === 'verifyProof'),
  );
  if (found !== undefined) return { abi: found.abi, bytecode: `0x${found.evm.bytecode.object}` };
  const reasons = errors
    .filter(({ severity }) => severity === 'error')
    .map((error) => error.formattedMessage);
  throw new Error(`the generated verifier does not compile: ${reasons.join('\n')}`);
}
