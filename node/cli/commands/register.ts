import type { Command } from 'commander';
import { TesseraError } from '../../../protocol/errors.ts';
import { readCertificate } from '../../files/certificate-file.ts';
import { nodeFiles } from '../../store/node-files.ts';
import { addChainFlags, type ChainFlags } from '../chain-flags.ts';
import type { Context } from '../context.ts';
import { addVerb } from '../verb.ts';

interface Flags extends ChainFlags {
  remove?: boolean;
}

/** `tessera register`: makes a model, or this node, known to the contracts. */
export function registerVerb(program: Command, context: Context): void {
  addChainFlags(
    addVerb(program, {
      usage: 'register [certificate]',
      description:
        'Register a certificate’s model on a chain, so that jobs can name it; without one, this node: its peer id and what it proves.',
      examples: ['tessera register digit.cert', 'tessera register --account 2', 'tessera register --remove'],
      long: true,
    }),
  )
    .option('--remove', 'take back what this account said of its node')
    .action(async (path: string | undefined, flags: Flags) => {
      if (path === undefined) return flags.remove ? remove(context, flags) : register(context, flags);
      if (flags.remove !== true) return registerModelOf(context, flags, path);
      throw new TesseraError('USAGE', {
        message: 'A model cannot be taken back, and --remove is given with a certificate',
        remedy: 'Leave one of them out: --remove alone takes back a node’s registration.',
      });
    });
}

async function registerModelOf(context: Context, flags: Flags, path: string): Promise<void> {
  const { withMarket } = await import('../chain.ts');
  const { registerModel } = await import('../../chain/index.ts');
  const certificate = await readCertificate(path);
  const report = await withMarket(context, flags, 0, ({ chain, deployed }) =>
    registerModel(certificate, chain, deployed, { signal: context.signal }),
  );
  const steps = report.transactions.map(({ step, gas }) => `${step}: ${gas} gas`);
  const how = report.known ? 'was registered before' : 'is registered';
  context.output.result(report, [...steps, `Model ${report.model} ${how}.`].join('\n'));
}

async function register(context: Context, flags: Flags): Promise<void> {
  const { settings, output, signal } = context;
  const { withMarket } = await import('../chain.ts');
  const { createLog } = await import('../../peer/index.ts');
  const { configurationOf } = await import('../configuration.ts');
  const { openWorker } = await import('../node.ts');
  const { readIdentity } = await import('../../store/identity.ts');
  const { capabilitiesForPrograms, registerNodeOf, showCapabilities } = await import('../registered-node.ts');
  const configuration = await configurationOf(
    context,
    flags.config === undefined ? {} : { config: flags.config },
  );
  const identity = await readIdentity(nodeFiles(settings.directory.node).identity);
  const log = createLog(configuration.logLevel, { write: (line) => output.note(line.trimEnd()) });
  const proving = await openWorker(settings, configuration, log);
  try {
    const report = await withMarket(context, flags, 2, (open) =>
      registerNodeOf(open, identity, proving, signal),
    );
    const { peerId, account, capabilities, known } = report;
    output.result(
      { ...report, capabilities: capabilitiesForPrograms(capabilities) },
      `Peer ${peerId} ${known ? 'was' : 'is'} registered as ${account}: ${showCapabilities(capabilities)}.`,
    );
  } finally {
    await proving?.close();
  }
}

async function remove(context: Context, flags: Flags): Promise<void> {
  const { withMarket } = await import('../chain.ts');
  const { removeNode } = await import('../../chain/node-registration.ts');
  const report = await withMarket(context, flags, 2, async ({ market, chain }) => {
    const receipt = await removeNode(market, { signal: context.signal });
    const sent = receipt === undefined ? {} : { transaction: receipt.transactionHash };
    return { account: chain.address, removed: receipt !== undefined, ...sent };
  });
  context.output.result(
    report,
    report.removed ? `${report.account} has no node any more.` : `${report.account} had no node registered.`,
  );
}
