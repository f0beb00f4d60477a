import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** npm's build of the Solidity compiler; it has no ES module. */
const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string };

export interface CompiledContract {
  abi: readonly unknown[];
  /** Creation code, hexadecimal with prefix. */
  bytecode: `0x${string}`;
}

interface SolcOutput {
  errors?: { severity: string; formattedMessage: string }[];
  contracts: Record<string, Record<string, { abi: unknown[]; evm: { bytecode: { object: string } } }>>;
}

/**
 * Compiles contracts of this folder.
 * @param names files without extension; each holds the contract of its name
 * @param files what they import, without extension
 * @throws Error with the compiler's words, warnings included
 */
export async function compile<Name extends string>(
  names: readonly Name[],
  files: readonly string[] = [],
): Promise<Record<Name, CompiledContract>> {
  const sources: Record<string, { content: string }> = {};
  for (const name of [...names, ...files]) {
    const path = fileURLToPath(new URL(`./${name}.sol`, import.meta.url));
    sources[`${name}.sol`] = { content: await readFile(path, 'utf8') };
  }
  const input = {
    language: 'Solidity',
    sources,
    settings: {
      evmVersion: 'cancun',
      optimizer: { enabled: true, runs: 1_000_000 },
      outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
    },
  };
  const { errors = [], contracts } = JSON.parse(solc.compile(JSON.stringify(input))) as SolcOutput;
  if (errors.length > 0) throw new Error(errors.map((error) => error.formattedMessage).join('\n'));
  const compiled: Partial<Record<Name, CompiledContract>> = {};
  for (const name of names) {
    const contract = contracts[`${name}.sol`]?.[name];
    if (contract === undefined) throw new Error(`${name}.sol has no contract ${name}`);
    compiled[name] = { abi: contract.abi, bytecode: `0x${contract.evm.bytecode.object}` };
  }
  return compiled as Record<Name, CompiledContract>;
}
