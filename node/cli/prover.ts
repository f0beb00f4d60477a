import { mkdir } from 'node:fs/promises';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { join } from 'node:path';
import { TesseraError } from '../../protocol/errors.ts';
import type { ProofVerifier } from '../../protocol/verifier.ts';
import { createEzklProver, type EzklProver } from '../provers/ezkl/prover.ts';
import { developmentSrs, publishedSrs } from '../provers/ezkl/srs.ts';
import type { ProverLimits } from '../requester/prover-call.ts';
import { environmentPython } from '../setup/index.ts';
import { openCache } from './cache.ts';
import { runSetup } from './commands/setup.ts';
import type { Context } from './context.ts';
import { parts } from './parts.ts';
import { ezklVerifier } from './verifiers.ts';

/** Flags of every verb that proves. */
export interface ProverFlags {
  memory?: number;
  parallel?: number;
  srs?: string;
  srsDigest?: string;
}

export interface ProverModules {
  prover: EzklProver;
  verifier: ProofVerifier;
  limits: ProverLimits;
}

/**
 * Builds the prover, hands it to `use`, and closes it on every path. Sets ezkl up first where it is missing.
 *
 * @throws TesseraError `PROVER_MISSING` where it cannot be set up, `USAGE` for an SRS without a digest
 */
export async function withProver<T>(
  context: Context,
  flags: ProverFlags,
  use: (modules: ProverModules) => Promise<T>,
): Promise<T> {
  const { settings, output } = context;
  if ((flags.srs === undefined) !== (flags.srsDigest === undefined)) {
    throw new TesseraError('USAGE', {
      message: '--srs and --srs-digest belong together',
      remedy: 'Give the file or URL and its sha2-256.',
    });
  }
  await requireEzkl(context);
  const cache = openCache(settings);
  const directory = join(settings.directory.cache, 'scratch');
  await mkdir(directory, { recursive: true });
  const limits = limitsOf(flags);
  if (flags.srs === undefined) {
    output.note('No published SRS was given (--srs): development keys are used.');
  }
  const prover = createEzklProver({
    python: environmentPython(settings.directory.python),
    cache,
    srs:
      flags.srs === undefined || flags.srsDigest === undefined
        ? developmentSrs(cache)
        : publishedSrs(cache, flags.srs, flags.srsDigest, (bytes, total = bytes) =>
            output.progress({
              type: 'stage',
              stage: 'download',
              done: bytes,
              total,
              detail: 'bytes of the SRS',
            }),
          ),
    directory,
    workers: limits.parallel,
  });
  const verifier = await ezklVerifier(settings);
  try {
    return await use({ prover, verifier: verifier.verifier, limits });
  } finally {
    await prover.close();
    await verifier.close();
  }
}

/** By default all cores but at most four at once, and three quarters of the memory that is free now. */
function limitsOf({ memory, parallel }: ProverFlags): ProverLimits {
  return {
    parallel: parallel ?? Math.min(4, availableParallelism()),
    memory: memory ?? Math.floor(Math.max(0.75 * freemem(), 0.25 * totalmem())),
  };
}

async function requireEzkl(context: Context): Promise<void> {
  const ezkl = parts(context.settings).find(({ name }) => name === 'ezkl');
  const state = await ezkl?.check(context.signal);
  if (state?.state === 'present') return;
  if (state?.state === 'missing') {
    context.output.note('ezkl is not set up yet: doing it now.');
    const outcome = (await runSetup(context)).find(({ name }) => name === 'ezkl');
    if (outcome?.outcome === 'failed') throw outcome.error;
    return;
  }
  throw new TesseraError('PROVER_MISSING', {
    message: `Proving needs ezkl, which is left out: ${state?.reason ?? 'unknown'}`,
    remedy: 'Unset TESSERA_WITHOUT_EZKL and run: tessera setup',
  });
}
