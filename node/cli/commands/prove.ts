import { type Command, Option } from 'commander';
import { TesseraError } from '../../../protocol/errors.ts';
import { requireReplaceable } from '../../files/certificate-file.ts';
import { filesReadBy } from '../../files/output-place.ts';
import { showMemory } from '../../memory.ts';
import { strategyForms } from '../../model/slice/strategy.ts';
import type { Target } from '../../plan/plan.ts';
import type { ProveReport } from '../../prove.ts';
import { reportForPrograms } from '../../prove-report.ts';
import { tensorsArePublic } from '../../requester/network/public-tensors.ts';
import { addChainJobFlags, type ChainJobFlags } from '../chain-job-flags.ts';
import { flagsAddedBy, requireCompanion } from '../companion-flags.ts';
import type { Context } from '../context.ts';
import { describeOutputs } from '../describe-outputs.ts';
import { noteUnfollowed, requireFollowed } from '../ezkl-flags.ts';
import {
  count,
  digest,
  type ImageFlags,
  meanOption,
  memory,
  peerIds,
  setupOption,
  shape,
  stdOption,
  tensorSource,
} from '../options.ts';
import type { ProverFlags } from '../tessera.ts';
import { addVerb } from '../verb.ts';

interface Flags extends ProverFlags, ImageFlags, ChainJobFlags {
  shape?: Record<string, readonly number[]>;
  input: string;
  by: string;
  prover: string;
  target: Target;
  calibrate?: string;
  network?: boolean;
  bootstrap?: readonly string[];
  invite?: readonly string[];
  scale?: number;
  commit?: string;
  out: string;
}

/** `tessera prove`: proves a model's inference and writes a certificate. */
export function proveVerb(program: Command, context: Context): void {
  const command = addVerb(program, {
    usage: 'prove <model>',
    description: 'Prove a model on one input, segment by segment, and write a certificate.',
    examples: [
      'tessera prove lenet.onnx --input digit.json --out digit.cert',
      'tessera prove lenet.onnx --input digit.json --out digit.cert --network --bootstrap /ip4/192.0.2.1/tcp/4801/p2p/12D3KooW…',
      'tessera prove lenet.onnx --input digit.json --out digit.cert --network --invite 12D3KooW… --commit input',
      'tessera prove lenet.onnx --input digit.npy --by parts=3 --memory 4GiB --commit input --out digit.cert --json',
      'tessera prove lenet.onnx --input digit.json --out digit.cert --chain',
    ],
    long: true,
  })
    .requiredOption('--input <file>', 'inputs: .json by tensor name, .npy, .npz, or .png')
    .requiredOption('--out <file>', 'where the certificate is written')
    .addOption(meanOption())
    .addOption(stdOption())
    .option('--shape <name=sizes>', 'the shape of a dynamic input; may be repeated', shape)
    .option('--by <strategy>', strategyForms, 'auto')
    .addOption(
      new Option('--prover <name>', 'what proves the segments; auto chooses for each')
        .choices(['auto', 'ezkl', 'groth16'])
        .default('auto'),
    )
    .option(
      '--calibrate <file>',
      'sample inputs that set the scales of circuits; Tessera’s own keep them (default: the inputs so far)',
    )
    .option('--scale <bits>', 'fractional bits of inputs and weights in ezkl’s circuits (default: 7)', count)
    .addOption(setupOption())
    .addOption(
      new Option('--target <place>', 'where proofs are checked; on chain, all edges share one scheme')
        .choices(['offline', 'chain'])
        .default('offline'),
    )
    .option('--memory <size>', 'what all prover processes together may use, e.g. 2GiB', memory)
    .option('--parallel <n>', 'segments worked on at once', count)
    .option('--commit <sides>', 'input, output or both stay commitments instead of public values')
    .option('--srs <file or URL>', 'a published SRS of exactly the circuits’ size; needs --srs-digest')
    .option('--srs-digest <hex>', 'its sha2-256', digest)
    .option('--network', 'have the segments proven by workers of the network')
    .option('--bootstrap <multiaddr...>', 'with --network: peers to join by')
    .option(
      '--invite <peer id...>',
      'with --network: the only peers that may prove it; tensors go encrypted, and to them only',
      peerIds,
    )
    .action(async (model: string, flags: Flags) => {
      const { output, signal } = context;
      requireFollowed(flags, flags.prover);
      requireCompanion(command, 'chain', ofChain);
      requireCompanion(command, 'network', ['bootstrap', 'invite']);
      requireSecretsKept(flags);
      const request = {
        model,
        input: tensorSource(flags.input, flags) ?? flags.input,
        strategy: flags.by,
        prover: flags.prover,
        target: flags.target,
        ...(flags.shape ? { shapes: flags.shape } : {}),
        ...(flags.scale === undefined ? {} : { scale: flags.scale }),
        ...(flags.calibrate === undefined ? {} : { calibration: flags.calibrate }),
        ...(flags.commit === undefined ? {} : { commit: flags.commit }),
      };
      // What is missing is set up before the work itself begins, and that may take long already.
      await requireReplaceable(flags.out, filesReadBy({ ...request, ...srsFileOf(flags) }));
      if (flags.chain === true) {
        await (await import('../prove-on-chain.ts')).proveOnChainOf(context, flags, request, flags.out);
        return;
      }
      const report = flags.network
        ? await (await import('../prove-by-network.ts')).proveByNetwork(context, flags, request, flags.out)
        : await (await import('../tessera.ts')).withProvers(context, flags, (tessera) =>
            tessera.prove({
              ...request,
              out: flags.out,
              signal,
              onProgress: (event) => output.progress(event),
            }),
          );
      noteUnfollowed(
        output,
        flags,
        report.segments.map(({ prover }) => prover),
      );
      for (const warning of report.warnings) output.warn(warning);
      output.result(
        reportForPrograms(report),
        flags.network ? describeProof(report, () => 'by a worker of the network') : describeProof(report),
      );
    });
  const ofChain = flagsAddedBy(command, addChainJobFlags).filter(
    (name) => !['chain', 'config'].includes(name),
  );
}

/** The SRS where it is a file: one of a URL is read from no path. */
const srsFileOf = ({ srs }: Flags) => (srs === undefined || /^https?:/.test(srs) ? {} : { srs });

/** @throws TesseraError `USAGE` for flags that keep a secret, with others that tell it everybody */
function requireSecretsKept({ chain, network, invite, commit }: Flags): void {
  if (chain === true && invite !== undefined) {
    throw new TesseraError('USAGE', {
      message: '--invite and --chain contradict each other: what peers prove for a job on a chain is public',
      remedy: 'Leave one of them out.',
    });
  }
  if (network === true && commit !== undefined && invite === undefined) {
    throw tensorsArePublic({ onChain: chain === true });
  }
}

/**
 * A proof's report for people.
 *
 * @param unmeasured where a segment's proof came from that took no time here
 */
export function describeProof(
  report: ProveReport,
  unmeasured: (id: string) => string = () => 'from the cache',
): string {
  const lines = report.rewrites.map(({ rule, nodes }) => `rewritten: ${rule} (${nodes.join(', ')})`);
  for (const { id, prover, constraints, seconds, peakBytes, expected } of report.segments) {
    const took =
      seconds === 0
        ? unmeasured(id)
        : `${seconds.toFixed(1)} s, ${showMemory(peakBytes)} (expected ${expected.proveSeconds.toFixed(1)} s, ${showMemory(expected.proveBytes)})`;
    lines.push(`${id} (${prover}, ${constraints} constraints): ${took}`);
  }
  lines.push(...describeOutputs(report.outputs));
  lines.push(
    // Without a prover process of this machine there is nothing to tell of.
    `${report.seconds.toFixed(1)} s in all${report.peakBytes === 0 ? '' : `, at most ${showMemory(report.peakBytes)} of memory`}`,
    `certificate of model ${report.model}: ${report.certificate}`,
    ...(report.opening === undefined
      ? []
      : [`what opens its committed tensors; keep it secret: ${report.opening}`]),
    `trust: ${report.trust}`,
  );
  return lines.join('\n');
}
