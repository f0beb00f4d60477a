import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ArtifactCache } from '../node/artifacts/cache.ts';
import { createEzklProver } from '../node/provers/ezkl/prover.ts';
import { developmentSrs } from '../node/provers/ezkl/srs.ts';
import { createGroth16Prover } from '../node/provers/groth16/prover.ts';
import { builtWorker } from '../node/provers/groth16/testing/worker.ts';
import { describeWithEzkl, requireEzklPython } from '../tests/support/ezkl-python.ts';
import { forge } from './testing/forge.ts';
import { removeForgeFixtures, writeForgeFixtures } from './testing/forge-fixture.ts';
import { ezklJob, groth16Job } from './testing/real-jobs.ts';

/** Least share of lines that forge's tests must run, in percent. */
const least = 95;

describeWithEzkl('the contracts', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tessera-coverage-'));
    const cache = new ArtifactCache({ directory: join(directory, 'cache'), maxBytes: 2e9 });
    const ezkl = createEzklProver({
      python: requireEzklPython(),
      cache,
      srs: developmentSrs(cache),
      directory,
    });
    const groth16 = createGroth16Prover({ worker: await builtWorker(), cache, directory });
    try {
      await writeForgeFixtures({ ezkl: await ezklJob(ezkl, 3), groth16: await groth16Job(groth16) });
    } finally {
      await ezkl.close();
      await groth16.close();
    }
  });
  afterAll(async () => {
    await removeForgeFixtures();
    await rm(directory, { recursive: true, force: true });
  });

  it('have at least 95 % of their lines run by forge’s tests, real proofs among them', async () => {
    const tests = '(contracts/test/|contracts/testing/)';
    const args = ['coverage', '--no-match-test', 'invariant_', '--no-match-coverage', tests];
    const { status, output } = await forge(args);
    expect(status, output).toBe(0);
    console.log(output.slice(output.indexOf('| File')));
    expect(output).toContain('0 skipped');
    const [, share] = /\| Total +\| ([\d.]+)%/.exec(output) ?? [];
    expect(Number(share)).toBeGreaterThanOrEqual(least);
  });
});
