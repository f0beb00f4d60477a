import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hex32 } from '../protocol/edge.ts';
import { TesseraError } from '../protocol/errors.ts';
import { ArtifactCache, defaultCacheBytes } from './artifacts/cache.ts';
import { type CalibrationStore, openCalibrationStore } from './plan/calibration-store.ts';
import type { ParameterChoice } from './plan/parameters/choice.ts';
import { chooseForEzkl } from './plan/parameters/ezkl.ts';
import { chooseForGroth16 } from './plan/parameters/groth16.ts';
import type { Progress } from './progress.ts';
import { createEzklProver } from './provers/ezkl/prover.ts';
import { developmentSrs, publishedSrs } from './provers/ezkl/srs.ts';
import { createGroth16Prover } from './provers/groth16/prover.ts';
import { workerPath } from './provers/groth16/worker-path.ts';
import type { Prover } from './provers/prover.ts';
import type { Provers } from './provers/provers.ts';
import { environmentPython, type PartsInit, parts } from './setup/index.ts';

/** Where the keys of circuits that need a setup of their own come from; `universal` does without such circuits. */
export type SetupPolicy = 'development' | 'ceremony' | 'universal';

export interface OpenProversInit {
  installation: PartsInit;
  /** Processes of one prover. */
  parallel: number;
  setup: SetupPolicy;
  /** A published SRS of exactly the circuits' size; without one, ezkl's keys are development keys. */
  srs?: { location: string; sha256: Hex32 };
  onProgress?: (event: Progress) => void;
}

export interface OpenProvers {
  /** Those that are installed, the one that is preferred first. */
  provers: Provers;
  choices: ReadonlyMap<string, ParameterChoice>;
  calibrations: CalibrationStore;
  close(): Promise<void>;
}

/**
 * Opens every prover that is installed; their processes start when they are first needed.
 *
 * @throws TesseraError `PROVER_MISSING` when none is
 */
export async function openProvers(init: OpenProversInit): Promise<OpenProvers> {
  const { installation, parallel, srs, setup, onProgress } = init;
  const { directory } = installation;
  const states = await Promise.all(
    parts(installation).map(async (part) => [part.name, await part.check()] as const),
  );
  const present = new Set(states.filter(([, { state }]) => state === 'present').map(([name]) => name));
  const cache = new ArtifactCache({ directory: directory.cache, maxBytes: defaultCacheBytes });
  const scratch = join(directory.cache, 'scratch');
  await mkdir(scratch, { recursive: true });
  const provers: Prover[] = [];
  const choices = new Map<string, ParameterChoice>();
  if (present.has('groth16') && setup !== 'universal') {
    const worker = await workerPath(directory.groth16);
    provers.push(createGroth16Prover({ worker, cache, directory: scratch, setup }));
    choices.set('groth16', chooseForGroth16);
  }
  if (present.has('ezkl')) {
    const onDownload = (done: number, total = done) =>
      onProgress?.({ type: 'stage', stage: 'download', done, total, detail: 'the SRS' });
    const ezkl = createEzklProver({
      python: environmentPython(directory.python),
      cache,
      srs:
        srs === undefined ? developmentSrs(cache) : publishedSrs(cache, srs.location, srs.sha256, onDownload),
      directory: scratch,
      workers: parallel,
    });
    provers.push(ezkl);
    choices.set('ezkl', chooseForEzkl);
  }
  if (provers.length === 0)
    throw noProver(
      states.map(([name, state]) => [name, reasonOf(state)]),
      setup,
    );
  return {
    provers: new Map(provers.map((prover) => [prover.name, prover])),
    choices,
    calibrations: openCalibrationStore(directory.calibrations),
    close: async () => void (await Promise.all(provers.map((prover) => prover.close()))),
  };
}

function reasonOf(state: Awaited<ReturnType<ReturnType<typeof parts>[number]['check']>>): string {
  return state.state === 'present' ? 'left out by --setup' : state.reason;
}

function noProver(reasons: readonly (readonly [string, string])[], setup: SetupPolicy): TesseraError {
  const list = reasons.map(([name, reason]) => `${name}: ${reason}`);
  return new TesseraError('PROVER_MISSING', {
    message: `There is no prover under --setup ${setup}:\n  ${list.join('\n  ')}`,
    remedy: 'Run: tessera setup',
  });
}
