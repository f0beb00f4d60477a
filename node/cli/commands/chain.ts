import type { Command } from 'commander';
import type { Certificate } from '../../../protocol/certificate.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { readCertificate } from '../../files/certificate-file.ts';
import { addChainFlags, type ChainFlags } from '../chain-flags.ts';
import type { Context } from '../context.ts';
import { addVerb } from '../verb.ts';

/** `tessera chain deploy | status | nodes`: the contracts on the embedded chain, or another. */
export function chainVerb(program: Command, context: Context): void {
  const group = program
    .command('chain')
    .description('Deploy the contracts, on the embedded chain or another, and show how they stand.');

  addChainFlags(
    addVerb(group, {
      usage: 'deploy',
      description: 'Deploy the registries, the market and the verifiers, and write where they stand.',
      examples: [
        'tessera chain deploy --for digit.cert',
        'tessera chain deploy --rpc https://… --keystore key.json --password-file password --for digit.cert',
      ],
      long: true,
    }),
  )
    .option(
      '--for <certificate...>',
      'whose proofs of ezkl shall be verifiable: brings ezkl’s verifier and the SRS',
    )
    .action((flags: ChainFlags & { for?: string[] }) => runDeploy(context, flags));

  addChainFlags(
    addVerb(group, {
      usage: 'status',
      description: 'Show the chain, the account that would send, and the contracts.',
      examples: ['tessera chain status', 'tessera chain status --rpc https://… --json'],
    }),
  ).action((flags: ChainFlags) => runStatus(context, flags));

  addChainFlags(
    addVerb(group, {
      usage: 'nodes',
      description:
        'List the nodes that are registered, with what they say that they can prove, and their stake.',
      examples: ['tessera chain nodes', 'tessera chain nodes --rpc https://… --json'],
    }),
  ).action((flags: ChainFlags) => runNodes(context, flags));
}

async function runDeploy(context: Context, flags: ChainFlags & { for?: string[] }): Promise<void> {
  const { withChain } = await import('../chain.ts');
  const { deployContracts, ezklOf } = await import('../../chain/deploy-contracts.ts');
  const certificates: Certificate[] = [];
  for (const path of flags.for ?? []) certificates.push(await readCertificate(path));
  const { deployment, path } = await withChain(context, flags, 0, (open) =>
    deployContracts({
      chain: open.chain,
      path: open.deployment,
      ...ezklOf(certificates),
      signal: context.signal,
      onProgress: ({ name, address, gas }) => context.output.note(`${name} at ${address}, ${gas} gas`),
    }),
  );
  const { compiler: _, ...summary } = deployment;
  context.output.result(
    { ...summary, path },
    `The market stands at ${deployment.contracts.Market.address} on chain ${deployment.chainId}.\nWritten to ${path}`,
  );
}

async function runStatus(context: Context, flags: ChainFlags): Promise<void> {
  const { marketOn, showCoins, withChain } = await import('../chain.ts');
  const { readPrices } = await import('../../chain/transaction-cost.ts');
  const { kilobyteFee } = await import('../../chain/data-prices.ts');
  const status = await withChain(context, flags, 0, async (open) => {
    const { chain, embedded } = open;
    const block = await chain.client.getBlockNumber({ cacheTime: 0 });
    const account = chain.account?.address;
    const balance = account === undefined ? undefined : await chain.client.getBalance({ address: account });
    const prices = await readPrices(chain);
    const found = await marketOn(open).catch(missing);
    const stake =
      account === undefined || found === undefined ? undefined : await found.market.stake(account);
    return {
      network: chain.network,
      embedded,
      block,
      prices,
      account,
      balance,
      market: found?.market.addresses,
      stake,
    };
  });
  const { network, embedded, prices, account, balance, stake } = status;
  const dataPrice =
    prices.data === undefined
      ? 'data cost nothing beside'
      : `a kilobyte of proof ${showCoins(kilobyteFee(prices.data))} beside`;
  context.output.result(
    status,
    [
      `chain ${network.chainId} (${network.name}${embedded ? ', everybody knows its keys' : ''}), block ${status.block}`,
      `a million gas costs ${showCoins(1_000_000n * prices.gas)}, ${dataPrice}`,
      account === undefined ? 'no account: read only' : `account ${account}, ${showCoins(balance ?? 0n)}`,
      status.market === undefined
        ? 'no contracts: tessera chain deploy'
        : `market ${status.market.market}, models ${status.market.models}, nodes ${status.market.nodes}`,
      ...(stake === undefined
        ? []
        : [`stake ${showCoins(stake.amount)}, of it bonded ${showCoins(stake.locked)}`]),
    ].join('\n'),
  );
}

async function runNodes(context: Context, flags: ChainFlags): Promise<void> {
  const { showCoins, withMarket } = await import('../chain.ts');
  const { listNodes } = await import('../../chain/node-list.ts');
  const { capabilitiesForPrograms, showCapabilities } = await import('../registered-node.ts');
  const list = await withMarket(context, flags, 0, ({ market, deployed }) =>
    listNodes(market, deployed.since, context.signal),
  );
  const { nodes, untied, unread } = list;
  context.output.result(
    {
      ...list,
      nodes: nodes.map((node) => ({ ...node, capabilities: capabilitiesForPrograms(node.capabilities) })),
    },
    [
      ...nodes.map(
        ({ peerId, account, stake, capabilities, problem }) =>
          `${peerId}  ${account}, stake ${showCoins(stake.amount)}: ${problem ?? showCapabilities(capabilities)}`,
      ),
      `${nodes.length} nodes`,
      ...(untied === 0 ? [] : [`${untied} accounts show a peer id that did not sign them`]),
      ...(unread === 0 ? [] : [`${unread} older registrations were not looked at`]),
    ].join('\n'),
  );
}

function missing(error: unknown): undefined {
  if (error instanceof TesseraError && error.code === 'CHAIN_MISSING') return undefined;
  throw error;
}
