/** Measures what the contracts cost and writes it into docs/contracts.md: `node contracts/testing/write-gas-table.ts`. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { markdownTable } from 'markdown-table';
import { ArtifactCache } from '../../node/artifacts/cache.ts';
import { arbitrumDataGas } from '../../node/chain/data-cost.ts';
import { readSettings } from '../../node/cli/settings.ts';
import { createEzklProver } from '../../node/provers/ezkl/prover.ts';
import { developmentSrs } from '../../node/provers/ezkl/srs.ts';
import { createGroth16Prover } from '../../node/provers/groth16/prover.ts';
import { builtWorker } from '../../node/provers/groth16/testing/worker.ts';
import { environmentPython } from '../../node/setup/index.ts';
import { startAnvil } from './anvil.ts';
import { type GasFigure, type GasSample, gasMarks, measureGas } from './measure-gas.ts';
import { ezklJob, groth16Job } from './real-jobs.ts';

const begin = '<!-- gas: written by contracts/testing/write-gas-table.ts -->\n';
const end = '<!-- /gas -->';

/** The document with another table between its marks. */
function withTable(document: string, table: string): string {
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error('docs/contracts.md has no place for the gas table');
  return `${document.slice(0, from + begin.length)}\n${table}\n\n${document.slice(to)}`;
}

/** Gas by figure, and what the transactions' data are on layer 2s, as a Markdown table. */
function gasTable(figures: Record<GasFigure, GasSample>): string {
  const show = (value: number | undefined) => (value === undefined ? '' : value.toLocaleString('en-GB'));
  const rows = (Object.keys(gasMarks) as GasFigure[]).map((figure) => {
    const { gas, transaction } = figures[figure];
    return [
      figure,
      show(gas),
      show(gasMarks[figure]),
      show(transaction && arbitrumDataGas(transaction)),
      show(transaction?.length),
    ];
  });
  const header = ['', 'gas', 'at most', 'Arbitrum: L1 gas', 'Scroll: bytes'];
  return markdownTable([header, ...rows], { align: ['l', 'r', 'r', 'r', 'r'] });
}

async function measure(): Promise<Record<GasFigure, GasSample>> {
  const directory = await mkdtemp(join(tmpdir(), 'tessera-gas-'));
  const cache = new ArtifactCache({ directory: join(directory, 'cache'), maxBytes: 2e9 });
  const { directory: installed } = readSettings(process.env);
  const python = environmentPython(installed.python);
  const ezkl = createEzklProver({ python, cache, srs: developmentSrs(cache), directory });
  const groth16 = createGroth16Prover({ worker: await builtWorker(), cache, directory });
  const anvil = await startAnvil();
  try {
    return await measureGas(anvil, { ezkl: await ezklJob(ezkl, 8), groth16: await groth16Job(groth16) });
  } finally {
    anvil.close();
    await ezkl.close();
    await groth16.close();
    await rm(directory, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const path = fileURLToPath(new URL('../../docs/contracts.md', import.meta.url));
  const table = gasTable(await measure());
  await writeFile(path, withTable(await readFile(path, 'utf8'), table));
  console.log(table);
}
