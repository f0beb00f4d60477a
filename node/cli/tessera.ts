import { TesseraError } from '../../protocol/errors.ts';
import { parts, partsOf } from '../setup/index.ts';
import { openTessera, type Tessera, type TesseraInit } from '../tessera.ts';
import { runSetup } from './commands/setup.ts';
import type { Context } from './context.ts';

/** Flags of every verb that makes circuits. */
export interface ProverFlags {
  memory?: number;
  parallel?: number;
  srs?: string;
  srsDigest?: string;
  setup?: TesseraInit['setup'];
  prover?: string;
}

/**
 * Hands the program to `use` and closes it on every path. What is missing of the provers that it can use is set up first.
 *
 * @throws TesseraError as {@link readyProvers}
 */
export async function withProvers<T>(
  context: Context,
  flags: ProverFlags,
  use: (tessera: Tessera) => Promise<T>,
): Promise<T> {
  const init = await readyProvers(context, flags);
  return withTessera(context, { ...init, onProgress: (event) => context.output.progress(event) }, use);
}

/** What the flags say of the provers that a job uses. */
export type ProverChoice = Pick<TesseraInit, 'limits' | 'srs' | 'setup'>;

/**
 * Sets up what is missing of the provers that the command can use.
 *
 * @throws TesseraError `USAGE` for an SRS without a digest, or a prover that `--setup` leaves out
 */
export async function readyProvers(context: Context, flags: ProverFlags): Promise<ProverChoice> {
  const { memory, parallel, srs, srsDigest, setup, prover } = flags;
  if ((srs === undefined) !== (srsDigest === undefined)) {
    throw new TesseraError('USAGE', {
      message: '--srs and --srs-digest belong together',
      remedy: 'Give the file or URL and its sha2-256.',
    });
  }
  if (prover === 'groth16' && setup === 'universal') {
    throw new TesseraError('USAGE', {
      message: '--prover groth16 needs keys of each circuit’s own, and --setup universal does without them',
      remedy: 'Choose --setup development or ceremony, or another prover.',
    });
  }
  await setUpMissing(context, neededProvers(flags));
  return {
    limits: {
      ...(memory === undefined ? {} : { memory }),
      ...(parallel === undefined ? {} : { parallel }),
    },
    ...(srs === undefined || srsDigest === undefined ? {} : { srs: { location: srs, sha256: srsDigest } }),
    ...(setup === undefined ? {} : { setup }),
  };
}

/** As {@link withProvers}, for verbs that need no prover. */
export async function withTessera<T>(
  { settings }: Context,
  init: Omit<TesseraInit, 'home' | 'leftOut' | 'environment'>,
  use: (tessera: Tessera) => Promise<T>,
): Promise<T> {
  const { directory, leftOut, environment } = settings;
  const tessera = openTessera({ home: directory.root, leftOut, environment, ...init });
  try {
    return await use(tessera);
  } finally {
    await tessera.close();
  }
}

/** The provers that a command can come to use: without a choice, the plan may use any. */
export function neededProvers({ prover, setup }: Pick<ProverFlags, 'prover' | 'setup'>): string[] {
  if (prover !== undefined && prover !== 'auto') return [prover];
  return setup === 'universal' ? ['ezkl'] : ['groth16', 'ezkl'];
}

/** A part that cannot be set up leaves its prover out; the others go on without it. */
async function setUpMissing(context: Context, provers: readonly string[]): Promise<void> {
  const { settings, signal, output } = context;
  const needed = partsOf(parts(settings), provers);
  const states = await Promise.all(
    needed.map(async (part) => ({ name: part.name, ...(await part.check(signal)) })),
  );
  const missing = states.filter(({ state }) => state === 'missing').map(({ name }) => name);
  if (missing.length === 0) return;
  output.note(`Not set up yet: ${missing.join(' and ')}. Doing it now.`);
  for (const part of await runSetup(context, needed)) {
    if (part.outcome === 'failed') output.note(`${part.name} is left out: ${part.error.message}`);
  }
}
