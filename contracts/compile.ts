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
  optimizer: { enabled: true, runs: 20_000 },
  metadata: { bytecodeHash: 'none', appendCBOR: false },
} as const;

export interface CompiledContract {
  abi: Abi;
  /** Creation code. */
  bytecode: Hex;
}

/** What the compiler was given: explorers verify deployed code by it. */
export interface StandardInput {
  language: 'Solidity';
  /** Every source, imported ones too, by the name that imports give it. */
  sources: Record<string, { content: string }>;
  settings: typeof compilerSettings;
}

export interface Compilation<Name extends string> {
  /** As the compiler names itself. */
  compiler: string;
  input: StandardInput;
  contracts: Record<Name, CompiledContract>;
}

interface SolcOutput {
  errors?: { severity: string; formattedMessage: string; sourceLocation?: { file: string } }[];
  contracts: Record<string, Record<string, { abi: Abi; evm: { bytecode: { object: string } } }>>;
}

/** The name under which the compiler knows the source of a contract of this folder. */
export const sourceName = (contract: string): string => `contracts/${contract.replace(/:.*/, '')}.sol`;

/** A contract's own name: its file's, unless another is given. */
const ownName = (contract: string): string => contract.slice(contract.search(/[^/:]*$/));

/** Sources are named as imports name them: packages by their name, this folder's files by their path from its parent. */
function readSource(name: string): string {
  const file = name.startsWith('contracts/')
    ? fileURLToPath(new URL(`../${name}`, import.meta.url))
    : require.resolve(name);
  return readFileSync(file, 'utf8');
}

/**
 * Compiles contracts of this folder with all that they import. Takes some seconds and blocks.
 *
 * @param names paths in this folder without extension; a file holds the contract of its name, or of the one after a colon
 * @throws Error with the compiler's words, warnings about this folder's files included
 */
export function compile<Name extends string>(names: readonly Name[]): Compilation<Name> {
  const own = (name: string) => [sourceName(name), { content: readSource(sourceName(name)) }] as const;
  const sources: Record<string, { content: string }> = Object.fromEntries(names.map(own));
  const resolve = (imported: string) => {
    try {
      const content = readSource(imported);
      sources[imported] = { content };
      return { contents: content };
    } catch (error) {
      return { error: String(error) };
    }
  };
  const outputSelection = Object.fromEntries(
    names.map((name) => [sourceName(name), { '*': ['abi', 'evm.bytecode.object'] }]),
  );
  const task = { language: 'Solidity', sources, settings: { ...compilerSettings, outputSelection } };
  const output = JSON.parse(solc.compile(JSON.stringify(task), { import: resolve })) as SolcOutput;
  const complaints = (output.errors ?? []).filter(
    ({ severity, sourceLocation }) => severity === 'error' || sourceLocation?.file.startsWith('contracts/'),
  );
  if (complaints.length > 0) throw new Error(complaints.map((error) => error.formattedMessage).join('\n'));
  const compiled = names.map((name) => {
    const contract = output.contracts[sourceName(name)]?.[ownName(name)];
    if (contract === undefined) throw new Error(`${name}.sol has no contract of its name`);
    return [name, { abi: contract.abi, bytecode: `0x${contract.evm.bytecode.object}` }] as const;
  });
  return {
    compiler: solc.version(),
    input: { language: 'Solidity', sources, settings: compilerSettings },
    contracts: Object.fromEntries(compiled) as Record<Name, CompiledContract>,
  };
}
