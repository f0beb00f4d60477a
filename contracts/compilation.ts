import { readFile } from 'node:fs/promises';
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
