import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { startAnvil } from '../../contracts/testing/anvil.ts';
import { type GasFigure, type GasSample, gasMarks, measureGas } from '../../contracts/testing/measure-gas.ts';
import { ezklJob, groth16Job } from '../../contracts/testing/real-jobs.ts';
import { ArtifactCache } from '../../node/artifacts/cache.ts';
import { arbitrumDataGas, scrollDataFee } from '../../node/chain/data-cost.ts';
import { createEzklProver } from '../../node/provers/ezkl/prover.ts';
import { developmentSrs } from '../../node/provers/ezkl/srs.ts';
import { createGroth16Prover } from '../../node/provers/groth16/prover.ts';
import { workerPath } from '../../node/provers/groth16/worker-path.ts';
import { environmentPython } from '../../node/setup/index.ts';
import type { Benchmark, FigureMark, Measurement } from '../benchmark.ts';
import { type GeneratedGas, measureEzklVerifier, measureGnarkVerifier } from '../gas/generated-verifier.ts';
import { judge, type Row } from '../row.ts';

const name = 'gas';

const figures = (Object.entries(gasMarks) as [GasFigure, number | undefined][]).map(
  ([figure, atMost]): FigureMark & { figure: GasFigure } => ({
    figure,
    name: `${name}/${figure}`,
    unit: 'gas',
    ...(atMost === undefined ? {} : { mark: { of: 'value', atMost } }),
  }),
);

/** Steps whose data cost on layer 2s is shown: those that every segment takes. */
const onLayer2: readonly GasFigure[] = [
  'posting a job of 8 segments',
  'a claim of one of 8 segments',
  'an optimistic submission',
  'an eager proof of ezkl, two committed edges',
  'an eager proof of Groth16, two committed edges',
];

/** Prices for an example, not of any day. */
const scrollExample = {
  l1BaseFee: 1_000_000_000n,
  l1BlobBaseFee: 1n,
  execScalar: 10_000_000n,
  blobScalar: 1_000_000_000n,
  penaltyThreshold: 1_000_000_000n,
  penaltyFactor: 1_000_000_000n,
};

/**
 * What the contracts' transactions take, with real proofs of small circuits on a chain of its own; what the verifiers
 * that gnark and ezkl generate for the same circuits take; and how large the transactions' data are to layer 2s.
 */
export const gas: Benchmark = {
  name,
  marks: figures.filter(({ mark }) => mark !== undefined),
  async run(context) {
    const { installation, scratch } = context;
    const directory = await mkdtemp(join(scratch, 'gas-'));
    const cache = new ArtifactCache({ directory: join(directory, 'cache'), maxBytes: 2e9 });
    const python = environmentPython(installation.directory.python);
    const worker = await workerPath(installation.directory.groth16);
    const ezkl = createEzklProver({ python, cache, srs: developmentSrs(cache), directory });
    const groth16 = createGroth16Prover({ worker, cache, directory });
    const anvil = await startAnvil();
    try {
      context.say('gas: proofs');
      const jobs = { ezkl: await ezklJob(ezkl, 8), groth16: await groth16Job(groth16) };
      context.say('gas: transactions');
      const samples = await measureGas(anvil, jobs);
      context.say('gas: generated verifiers');
      const [middle, first] = [jobs.ezkl.artifacts[1], jobs.groth16.artifacts[0]];
      if (middle === undefined || first === undefined) throw new Error('both jobs have circuits');
      const generated = {
        ezkl: await measureEzklVerifier(anvil, {
          python,
          verifyingKey: middle.verifyingKey as Uint8Array,
          settings: middle.settings as Uint8Array,
          srs: jobs.ezkl.srsFile,
          proof: await jobs.ezkl.prove(1, 0n),
          directory,
          signal: context.signal,
        }),
        gnark: await measureGnarkVerifier(anvil, {
          worker,
          verifyingKey: first.verifyingKey as Uint8Array,
          proof: await jobs.groth16.prove(0, 0n),
          directory,
        }),
      };
      return measurement(samples, generated);
    } finally {
      anvil.close();
      await ezkl.close();
      await groth16.close();
    }
  },
};

function measurement(
  samples: Record<GasFigure, GasSample>,
  generated: Record<'ezkl' | 'gnark', GeneratedGas>,
): Measurement {
  const rowsOf = (maker: string, { deployment, verification }: GeneratedGas): Row[] => [
    judge({ name: `${name}/${maker}'s verifier of one circuit, a proof`, unit: 'gas', value: verification }),
    judge({ name: `${name}/${maker}'s verifier of one circuit, deployed`, unit: 'gas', value: deployment }),
  ];
  const scrollFees = onLayer2.map((figure) => {
    const { transaction, calldata } = samples[figure];
    const fee = transaction && calldata && scrollDataFee(transaction, calldata, scrollExample);
    return [figure, `${fee} wei`];
  });
  const dataRows = onLayer2.flatMap((figure): Row[] => {
    const { transaction } = samples[figure];
    if (transaction === undefined) return [];
    return [
      judge({
        name: `${name}/${figure}, Arbitrum's L1 gas`,
        unit: 'gas',
        value: arbitrumDataGas(transaction),
      }),
      judge({ name: `${name}/${figure}, Scroll's L1 bytes`, unit: 'B', value: transaction.length }),
    ];
  });
  return {
    rows: [
      ...figures.map(({ figure, ...mark }) => judge({ ...mark, value: samples[figure].gas })),
      ...rowsOf('ezkl', generated.ezkl),
      ...rowsOf('gnark', generated.gnark),
      ...dataRows,
    ],
    detail: { scroll: { prices: showWei(scrollExample), fees: Object.fromEntries(scrollFees) } },
  };
}

function showWei(prices: Readonly<Record<string, bigint>>): Record<string, string> {
  return Object.fromEntries(Object.entries(prices).map(([name, value]) => [name, `${value}`]));
}
