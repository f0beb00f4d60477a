import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Abi, Hex } from 'viem';

const require = createRequire(import.meta.url);

/** npm's build of the Solidity compiler; it has no ES module. */
const solc = require('solc') as {
  version(): string;
  compile(
    input: string,
    callbacks: { import(path: string): { contents: string } | { error: string } },
  ): string;
};

/** How every contract is compiled; foundry.toml says the same. */
export const compilerSettings = {
  evmVersion: 'cancun',
  optimizer: { enabled: true, runs: 200 },
  metadata: { bytecodeHash: 'none', appendCBOR: false },
} as const;

/** The compiler's version, as it names itself. */
export const compilerVersion = (): string => solc.version();

export interface CompiledContract {
  abi: Abi;
  /** Creation code. */
  bytecode: Hex;
}

interface SolcOutput {
  errors?: { severity: string; formattedMessage: string; sourceLocation?: { file: string } }[];
  contracts: Record<string, Record<string, { abi: Abi; evm: { bytecode: { object: string } } }>>;
}

/** Sources are named as imports name them: packages by their name, this folder's files by their path from its parent. */
function readSource(path: string): string {
  const file = path.startsWith('contracts/')
    ? fileURLToPath(new URL(`../${path}`, import.meta.url))
    : require.resolve(path);
  return readFileSync(file, 'utf8');
}

/**
 * Compiles contracts of this folder with all that they import. Takes some seconds and blocks.
 *
 * @param names paths in this folder without extension; each file holds the contract of its name
 * @throws Error with the compiler's words, warnings about this folder's files included
 */
export function compile<Name extends string>(names: readonly Name[]): Record<Name, CompiledContract> {
  const path = (name: string) => `contracts/${name}.sol`;
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(names.map((name) => [path(name), { content: readSource(path(name)) }])),
    settings: {
      ...compilerSettings,
      outputSelection: Object.fromEntries(
        names.map((name) => [path(name), { '*': ['abi', 'evm.bytecode.object'] }]),
      ),
    },
  };
  const resolve = (imported: string) => {
    try {
      return { contents: readSource(imported) };
    } catch (error) {
      return { error: String(error) };
    }
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: resolve })) as SolcOutput;
  const { errors = [], contracts } = output;
  const own = errors.filter(
    ({ severity, sourceLocation }) => severity === 'error' || sourceLocation?.file.startsWith('contracts/'),
  );
  if (own.length > 0) throw new Error(own.map((error) => error.formattedMessage).join('\n'));
  const compiled = names.map((name) => {
    const contract = contracts[path(name)]?.[name.slice(name.lastIndexOf('/') + 1)];
    if (contract === undefined) throw new Error(`${name}.sol has no contract of its name`);
    return [name, { abi: contract.abi, bytecode: `0x${contract.evm.bytecode.object}` }] as const;
  });
  return Object.fromEntries(compiled) as Record<Name, CompiledContract>;
}
