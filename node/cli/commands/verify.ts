import type { Command } from 'commander';
import type { Certificate } from '../../../protocol/certificate.ts';
import { dequantise } from '../../../protocol/quantise.ts';
import type { Report } from '../../../protocol/report.ts';
import { addChainFlags, type ChainFlags } from '../chain-flags.ts';
import { flagsAddedBy, requireCompanion } from '../companion-flags.ts';
import type { Context } from '../context.ts';
import { showValues } from '../describe-outputs.ts';
import { exitStatus } from '../exit-status.ts';
import { type ImageFlags, meanOption, stdOption, tensorSource } from '../options.ts';
import { printable } from '../printable.ts';
import { addVerb } from '../verb.ts';

interface Flags extends ImageFlags, ChainFlags {
  chain?: boolean;
  allowDevelopment?: boolean;
  expectModel?: string;
  expectInput?: string;
  expectOutput?: string;
  opening?: string;
  srs?: string;
  native?: boolean;
}

/** `tessera verify`: checks a certificate, with no network and no Python. */
export function verifyVerb(program: Command, context: Context): void {
  const command = addVerb(program, {
    usage: 'verify <certificate>',
    description: 'Check every proof and every link of a certificate.',
    examples: [
      'tessera verify digit.cert --allow-development',
      'tessera verify digit.cert --expect-model lenet.onnx --expect-input digit.json --json',
    ],
    long: true,
  })
    .option('--allow-development', 'accept keys that their maker could forge proofs under')
    .option('--expect-model <id or file>', 'refuse another model than this modelId, or than this ONNX file')
    .option('--expect-input <file>', 'refuse another input: .json by tensor name, .npy, .npz, or .png')
    .addOption(meanOption())
    .addOption(stdOption())
    .option('--expect-output <file>', 'refuse another output: .json by tensor name, .npy or .npz')
    .option('--srs <file>', 'the SRS, for committed tensors where the certificate does not carry it')
    .option(
      '--opening <file>',
      'what opens committed tensors that are expected: prove wrote it beside its certificate',
    )
    .option('--native', 'ask ezkl itself too; needs Python and tessera setup')
    .option('--chain', 'ask the contracts too whether they hold its statement for proven')
    .action(async (path: string, flags: Flags) => {
      requireCompanion(command, 'chain', ofChain);
      const { output, signal } = context;
      const input = tensorSource(flags.expectInput, flags);
      const { withTessera } = await import('../tessera.ts');
      const { report, certificate } = await withTessera(
        context,
        { native: flags.native ?? false },
        (tessera) =>
          tessera.verify({
            certificate: path,
            allowDevelopment: flags.allowDevelopment ?? false,
            expect: {
              ...(flags.expectModel === undefined ? {} : { model: flags.expectModel }),
              ...(input === undefined ? {} : { input }),
              ...(flags.expectOutput === undefined ? {} : { output: flags.expectOutput }),
            },
            ...(flags.opening === undefined ? {} : { opening: flags.opening }),
            ...(flags.srs === undefined ? {} : { srs: flags.srs }),
            signal,
            onProgress: (event) => output.progress(event),
          }),
      );
      const onChain =
        flags.chain === true && report.sound ? await askChain(context, flags, certificate) : undefined;
      output.result(
        {
          ...report,
          outputs: provenOutputs(report, certificate),
          ...(onChain === undefined ? {} : { chain: onChain }),
        },
        [
          describeReport(report, certificate, output),
          ...(onChain === undefined ? [] : [describeChain(onChain)]),
        ].join('\n'),
      );
      context.exitStatus = onChain?.verified === false ? exitStatus.failed : statusOf(report);
    });
  const ofChain = flagsAddedBy(command, addChainFlags).filter((name) => name !== 'config');
}

/** What the contracts say of a sound certificate's statement. */
async function askChain(context: Context, flags: ChainFlags, certificate: Certificate) {
  const { withMarket } = await import('../chain.ts');
  const { statementOf } = await import('../../chain/statement.ts');
  const statement = statementOf(certificate);
  return withMarket(context, flags, 0, async ({ market, chain }) => ({
    ...statement,
    chainId: chain.network.chainId,
    market: market.addresses.market,
    verified: await market.isVerified(statement),
  }));
}

const describeChain = ({ chainId, market, verified }: Awaited<ReturnType<typeof askChain>>) =>
  `market ${market} on chain ${chainId}: ${verified ? 'every segment of this statement was verified there' : 'this statement is not verified there'}`;

function statusOf(report: Report): number {
  if (report.valid) return exitStatus.ok;
  return report.sound ? exitStatus.developmentKeys : exitStatus.failed;
}

export interface ProvenOutput {
  name: string;
  scheme: string;
  /** Null where it stays a commitment, or is not stated. */
  values: number[] | null;
}

/** The outputs that a certificate proves; none of one that is not sound. */
export function provenOutputs(
  { sound }: Pick<Report, 'sound'>,
  { manifest, statements }: Pick<Certificate, 'manifest' | 'statements'>,
): ProvenOutput[] {
  if (!sound) return [];
  const statedAt = new Map(statements.map((statement) => [statement.edge, statement]));
  return manifest.graph.outputs.flatMap((index) => {
    const edge = manifest.graph.edges[index];
    if (edge === undefined) return [];
    const { scale, scheme } = edge.type;
    const stated = statedAt.get(index);
    const values = stated === undefined ? null : Array.from(dequantise(stated.values, scale));
    return [{ name: edge.name, scheme: scheme.name, values }];
  });
}

/** A check's report for people. */
export function describeReport(
  report: Report,
  { manifest, statements }: Certificate,
  output: Context['output'],
): string {
  const mark = (valid: boolean) => (valid ? output.style('green', 'ok') : output.style('red', 'no'));
  const lines = [
    `The certificate is ${verdictOf(report, output)}.`,
    `model ${report.model} (${expectationOf(report)}; not audited)`,
    `trust: ${report.trust}; output: ${report.output}`,
  ];
  for (const { id, prover, valid, reason } of report.segments) {
    lines.push(
      `${mark(valid)} ${printable(`segment ${id} (${prover})${reason === null ? '' : `: ${reason}`}`)}`,
    );
  }
  lines.push(...silentEngines(report));
  for (const { edge, from, to, scheme, valid, reason } of report.links) {
    const ends = `${from ?? 'input'} → ${to ?? 'output'}`;
    lines.push(
      `${mark(valid)} ${printable(`link ${edge}, ${ends} (${scheme})${reason === null ? '' : `: ${reason}`}`)}`,
    );
  }
  for (const { name, scheme, values } of provenOutputs(report, { manifest, statements })) {
    const unstated = scheme === 'public' ? 'public, but not stated' : 'stays a commitment';
    lines.push(`${printable(name)}: ${values === null ? unstated : showValues(values, String)}`);
  }
  for (const { code, message } of report.problems) lines.push(`${code}: ${printable(message)}`);
  if (report.sound && !report.valid) {
    lines.push(
      'Its proofs hold if the makers of its development keys are honest: --allow-development accepts that.',
    );
  }
  return lines.join('\n');
}

function verdictOf({ valid, sound }: Report, output: Context['output']): string {
  if (valid) return output.style('green', 'valid');
  return sound
    ? output.style('yellow', 'sound, but rests on development keys')
    : output.style('red', 'not valid');
}

function expectationOf({ modelExpected, problems }: Report): string {
  if (modelExpected) return 'as expected';
  return problems.some(({ code }) => code === 'MODEL_UNEXPECTED')
    ? 'NOT the expected one'
    : 'not known to be an expected one';
}

/** The engines that gave no opinion of a proof, so that others' alone counted, and why. */
function silentEngines({ segments }: Report): string[] {
  const silent = segments.flatMap(({ opinions }) =>
    opinions
      .filter(({ verdict }) => verdict === 'unavailable')
      .map(({ engine, reason }) => printable(`${engine} unavailable: ${reason ?? 'no reason given'}`)),
  );
  return [...new Set(silent)];
}
