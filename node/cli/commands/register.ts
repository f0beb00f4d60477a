import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { decodeCertificate } from '../../../protocol/certificate-codec.ts';
import { addChainFlags, type ChainFlags } from '../chain-flags.ts';
import type { Context } from '../context.ts';
import { addVerb } from '../verb.ts';

/** `tessera register`: makes a model known to the contracts. */
export function registerVerb(program: Command, context: Context): void {
  addChainFlags(
    addVerb(program, {
      usage: 'register <certificate>',
      description: 'Register the model of a certificate on a chain, so that jobs can name it.',
      examples: ['tessera register digit.cert', 'tessera register digit.cert --json'],
      long: true,
    }),
  ).action(async (path: string, flags: ChainFlags) => {
    const { withMarket } = await import('../chain.ts');
    const { registerModel } = await import('../../chain/index.ts');
    const certificate = decodeCertificate(new Uint8Array(await readFile(path)));
    const report = await withMarket(context, flags, 0, ({ chain, deployed }) =>
      registerModel(certificate, chain, deployed, { signal: context.signal }),
    );
    const steps = report.transactions.map(({ step, gas }) => `${step}: ${gas} gas`);
    const how = report.known ? 'was registered before' : 'is registered';
    context.output.result(report, [...steps, `Model ${report.model} ${how}.`].join('\n'));
  });
}
