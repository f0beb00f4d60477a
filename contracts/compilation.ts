import { readFile } from 'node:fs/promises';
import type { Abi } from 'viem';
import { type Compilation, compile } from './compile.ts';

/** The contracts that are deployed, in the order in which they need one another. */
export const contractNames = [
  'EzklVerifier',
  'Groth16Verifier',
  'ModelRegistry',
  'NodeRegistry',
  'Market',
] as const;

export type ContractName = (typeof contractNames)[number];

/** Where a packaged program keeps what it compiled when it was built. */
const compilationFile = new URL('./compilation.json', import.meta.url);

/** The compiled contracts: as the package brings them, or compiled now, which takes some seconds. */
export async function loadCompilation(): Promise<Compilation<ContractName>> {
  try {
    return JSON.parse(await readFile(compilationFile, 'utf8')) as Compilation<ContractName>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return compile(contractNames);
  }
}

/**
 * A contract's functions and events, with the errors of all contracts: a call may fail in one that it calls, and the
 * error comes through unchanged.
 */
export function callingAbi({ contracts }: Compilation<ContractName>, name: ContractName): Abi {
  const errors = new Map(
    contractNames
      .flatMap((each) => contracts[each].abi)
      .filter((item) => item.type === 'error')
      .map((item) => [JSON.stringify([item.name, item.inputs.map(({ type }) => type)]), item]),
  );
  return [...contracts[name].abi.filter(({ type }) => type !== 'error'), ...errors.values()];
}
