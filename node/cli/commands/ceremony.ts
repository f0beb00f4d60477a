import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { TesseraError } from '../../../protocol/errors.ts';
import type { Ceremony, CeremonyOptions, CeremonyState } from '../../ceremony/index.ts';
import { workerPath } from '../../provers/groth16/build.ts';
import { parts } from '../../setup/index.ts';
import { openCache } from '../cache.ts';
import type { Context } from '../context.ts';
import { addVerb } from '../verb.ts';
import { runSetup } from './setup.ts';

/** `tessera ceremony init | contribute | verify | finalize`: makes a circuit's Groth16 keys together. */
export function ceremonyVerb(program: Command, context: Context): void {
  const group = program
    .command('ceremony')
    .description('Make the keys of a circuit together, so that no single party could forge its proofs.')
    .addHelpText('after', guide);

  addVerb(group, {
    usage: 'init <folder>',
    description: 'Start a ceremony in a new folder; "prove --setup ceremony" names the file of a circuit.',
    examples: ['tessera ceremony init lenet-keys --constraints constraints.bin'],
    long: true,
  })
    .requiredOption('--constraints <file>', 'the constraint system that the keys are for')
    .action((folder: string, { constraints }: { constraints: string }) =>
      report(context, (ceremony, options) => ceremony.init(folder, constraints, options)),
    );

  addVerb(group, {
    usage: 'contribute <folder>',
    description: 'Verify everything so far and add randomness of this machine to the phase that is open.',
    examples: ['tessera ceremony contribute lenet-keys'],
    long: true,
  }).action((folder: string) => report(context, (ceremony, options) => ceremony.contribute(folder, options)));

  addVerb(group, {
    usage: 'verify <folder>',
    description: 'Verify everything so far; of a finished ceremony, say which key it gives.',
    examples: ['tessera ceremony verify lenet-keys', 'tessera ceremony verify lenet-keys --json'],
    long: true,
  }).action((folder: string) => report(context, (ceremony, options) => ceremony.verify(folder, options)));

  addVerb(group, {
    usage: 'finalize <folder>',
    description: 'Close the open phase with a beacon; once both are closed, make the keys for proving here.',
    examples: [
      'tessera ceremony finalize lenet-keys --beacon 00000000000000000001…',
      'tessera ceremony finalize lenet-keys',
    ],
    long: true,
  })
    .option(
      '--beacon <hex>',
      'public randomness drawn after the last contribution, e.g. a block hash; none once the ceremony is finished',
    )
    .action((folder: string, { beacon }: { beacon?: string }) =>
      report(context, (ceremony, options) => ceremony.finalize(folder, beacon, options)),
    );
}

const guide = `
A ceremony is a folder that goes from contributor to contributor:
  1. init;  2. contribute, each on a machine of their own;  3. finalize --beacon HEX closes the first phase;
  4. contribute;  5. finalize --beacon HEX closes the second and makes the keys.
The keys are sound if one contributor of each phase was honest. Publish each contribution's digest as it is made, and
the moment whose randomness will be the beacon before that moment.`;

/** Runs one step of a ceremony and prints where it stands. */
async function report(
  context: Context,
  act: (ceremony: Ceremony, options: CeremonyOptions) => Promise<CeremonyState & { contribution?: string }>,
): Promise<void> {
  const { settings, output, signal } = context;
  await requireWorker(context);
  const { createCeremony } = await import('../../ceremony/index.ts');
  const directory = join(settings.directory.cache, 'scratch');
  await mkdir(directory, { recursive: true });
  const ceremony = createCeremony({
    worker: await workerPath(settings.directory.groth16),
    cache: openCache(settings),
    directory,
  });
  try {
    const state = await act(ceremony, {
      signal,
      onProgress: (step) => output.progress({ type: 'note', message: step }),
    });
    output.result(state, describe(state));
  } finally {
    await ceremony.close();
  }
}

/** Builds the Groth16 prover where it is missing. @throws TesseraError `PROVER_MISSING` where that cannot be done */
async function requireWorker(context: Context): Promise<void> {
  const state = await parts(context.settings)
    .find(({ name }) => name === 'groth16')
    ?.check(context.signal);
  if (state?.state === 'present') return;
  if (state?.state === 'missing') {
    context.output.note('The Groth16 prover is not set up yet: doing it now.');
    const outcome = (await runSetup(context)).find(({ name }) => name === 'groth16');
    if (outcome?.outcome === 'failed') throw outcome.error;
    return;
  }
  throw new TesseraError('PROVER_MISSING', {
    message: `A ceremony needs the Groth16 prover, which is left out: ${state?.reason ?? 'unknown'}`,
    remedy: 'Unset TESSERA_WITHOUT_GROTH16 and run: tessera setup',
  });
}

function describe(state: CeremonyState & { contribution?: string }): string {
  const lines = [
    `constraints ${state.constraints}`,
    `powers: ${contributors(state.powers.length)}`,
    `circuit: ${contributors(state.circuit.length)}`,
    state.phase === 'finished' ? 'finished' : `open: the phase of the ${state.phase}`,
  ];
  if (state.contribution !== undefined) lines.push(`your contribution ${state.contribution}`);
  if (state.transcript !== undefined) lines.push(`transcript ${state.transcript}`);
  if (state.verifyingKey !== undefined) lines.push(`verifying key ${state.verifyingKey}`);
  return lines.join('\n');
}

const contributors = (count: number) => `${count} ${count === 1 ? 'contribution' : 'contributions'}`;
