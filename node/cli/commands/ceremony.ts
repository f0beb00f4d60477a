import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { TesseraError } from '../../../protocol/errors.ts';
import type { Ceremony, CeremonyOptions, CeremonyState } from '../../ceremony/index.ts';
import { strategyForms } from '../../model/slice/strategy.ts';
import type { Target } from '../../plan/plan.ts';
import { workerPath } from '../../provers/groth16/worker-path.ts';
import { parts } from '../../setup/index.ts';
import { openCache } from '../cache.ts';
import type { Context } from '../context.ts';
import { count, memory, shape } from '../options.ts';
import type { ProverFlags } from '../tessera.ts';
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
    description: 'Start a ceremony in a new folder, for one segment of a model or a file of constraints.',
    examples: [
      'tessera ceremony init lenet-keys --model lenet.onnx --input digit.json --prover groth16 --segment 0',
      'tessera ceremony init lenet-keys --constraints constraints.bin',
    ],
    long: true,
  })
    .option('--model <file>', 'the model; the flags below as for prove, since its circuits follow from them')
    .option('--segment <name or index>', 'the segment that the keys are for, by its id or place from 0')
    .option('--input <file>', 'inputs: .json by tensor name, .npy or .npz')
    .option('--shape <name=sizes>', 'the shape of a dynamic input; may be repeated', shape)
    .option('--by <strategy>', strategyForms, 'auto')
    .addOption(
      new Option('--prover <name>', 'what proves the segments')
        .choices(['auto', 'ezkl', 'groth16'])
        .default('auto'),
    )
    .addOption(
      new Option('--target <place>', 'where proofs are checked')
        .choices(['offline', 'chain'])
        .default('offline'),
    )
    .option('--calibrate <file>', 'sample inputs that set the scales (default: the inputs so far)')
    .option('--scale <bits>', 'fractional bits of inputs and weights in ezkl’s circuits', count)
    .option('--commit <sides>', 'input, output or both stay commitments')
    .option('--memory <size>', 'what all prover processes together may use, e.g. 2GiB', memory)
    .option('--constraints <file>', 'the constraint system itself, as "prove --setup ceremony" names it')
    .action((folder: string, flags: InitFlags) => init(context, folder, flags));

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

interface InitFlags {
  model?: string;
  segment?: string;
  input?: string;
  shape?: Record<string, readonly number[]>;
  by: string;
  prover: string;
  target: Target;
  calibrate?: string;
  scale?: number;
  commit?: string;
  memory?: number;
  constraints?: string;
}

/** Starts a ceremony, for constraints at hand or those that a model's segment gives. */
async function init(context: Context, folder: string, flags: InitFlags): Promise<void> {
  const { constraints, model, segment, input } = flags;
  if (constraints !== undefined && model === undefined) {
    await report(context, (ceremony, options) => ceremony.init(folder, constraints, options));
    return;
  }
  if (constraints !== undefined || model === undefined || segment === undefined || input === undefined) {
    throw new TesseraError('USAGE', {
      message: 'A ceremony is for one segment of a model, or for a file of constraints',
      remedy: 'Give --model, --segment and --input, or --constraints.',
    });
  }
  const { settings, output, signal } = context;
  const request = {
    model,
    input,
    strategy: flags.by,
    prover: flags.prover,
    target: flags.target,
    ...(flags.shape ? { shapes: flags.shape } : {}),
    ...(flags.calibrate === undefined ? {} : { calibration: flags.calibrate }),
    ...(flags.scale === undefined ? {} : { scale: flags.scale }),
    ...(flags.commit === undefined ? {} : { commit: flags.commit }),
  };
  const { openSegmentConstraints } = await import('../../ceremony/segment-constraints.ts');
  const { withProvers } = await import('../tessera.ts');
  const chosen: ProverFlags = { setup: 'ceremony', prover: flags.prover };
  const limits = flags.memory === undefined ? chosen : { ...chosen, memory: flags.memory };
  await withProvers(context, limits, (tessera) =>
    tessera.withModules(async (modules, limits) => {
      const opened = await openSegmentConstraints(
        { ...request, limits },
        segment,
        { ...modules, cache: openCache(settings) },
        { signal, onProgress: (event) => output.progress(event) },
      );
      try {
        output.note(`The keys will be for segment ${opened.segment}.`);
        await report(context, (ceremony, options) => ceremony.init(folder, opened.path, options));
      } finally {
        await opened.release();
      }
    }),
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
