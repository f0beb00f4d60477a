import { once } from 'node:events';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { PeerStatus } from '../../peer/index.ts';
import { nodeFiles } from '../../store/node-files.ts';
import type { OpenMarket } from '../chain.ts';
import { addConfigurationFlags, type ConfigurationFlags, configurationOf } from '../configuration.ts';
import type { Context } from '../context.ts';
import { addVerb } from '../verb.ts';

/** `tessera start`: runs a node in the foreground until it is interrupted. */
export function startVerb(program: Command, context: Context): void {
  const verb = addVerb(program, {
    usage: 'start',
    description: 'Run a node of the network in the foreground, until SIGINT or SIGTERM.',
    examples: [
      'tessera start',
      'tessera start --bootstrap /ip4/192.0.2.1/tcp/4801/p2p/12D3KooW…',
      'tessera start --chain --rpc https://… --keystore key.json --password-file password --stake 1',
      'tessera start --listen /ip4/127.0.0.1/tcp/0 --api-port 0 --no-mdns --json',
    ],
  });
  addConfigurationFlags(verb, true).action(async (flags: ConfigurationFlags & { json?: boolean }) => {
    const { json: _, ...settings } = flags;
    await runNode(context, settings);
  });
}

async function runNode(context: Context, flags: ConfigurationFlags): Promise<void> {
  const { settings, output, signal } = context;
  // Loaded here only: other verbs need not wait for all of libp2p.
  const { createLog } = await import('../../peer/index.ts');
  const { artifactRoutes, jobRoutes, removeUploads, servePeer, uploadRoutes, workerRoutes } = await import(
    '../../api/index.ts'
  );
  const { filesOf, openJobQueue } = await import('../job-queue.ts');
  const { openWorker, startNode } = await import('../node.ts');
  const { withChainRoles } = await import('../chain-roles.ts');
  const configuration = await configurationOf(context, flags);
  const { directory } = settings;
  const files = nodeFiles(directory.node);
  const log = createLog(configuration.logLevel, { write: (line) => output.note(line.trimEnd()) });
  // The libraries of the network leave promises behind that a stranger can make fail; that must not end the node.
  const onRejection = (error: unknown) =>
    log.error({ err: error }, 'a promise was rejected and nobody cared');
  process.on('unhandledRejection', onRejection);
  const proving = await openWorker(settings, configuration, log);
  let isStarted = false;
  try {
    const node = await startNode({
      configuration,
      directory,
      log,
      ...(proving === undefined ? {} : { worker: proving.worker }),
    });
    try {
      const { peer, artifacts } = node;
      const uploads = join(directory.node, 'uploads');
      const queue = openJobQueue(settings, node);
      const api = await servePeer({
        peer,
        configuration,
        files,
        routes: [
          artifactRoutes(artifacts),
          jobRoutes(queue, join(directory.node, 'certificates')),
          uploadRoutes(uploads),
          workerRoutes(node.jobs.offering),
        ],
      });
      try {
        await queue.start();
        await removeUploads(uploads, filesOf(queue));
        await withChainRoles(context, configuration, { node, proving }, async (market) => {
          const { peerId, addresses, version } = peer.status();
          const chain = market === undefined ? {} : { chain: chainOf(market) };
          output.result(
            { version, peerId, addresses, api: api.url, ...chain },
            describe(peer.status(), api.url, market),
          );
          log.info({ peerId, addresses, api: api.url, ...chain }, 'started');
          isStarted = true;
          if (!signal.aborted) await once(signal, 'abort');
          log.info('stopping');
        });
      } finally {
        await queue.stop();
        await api.close();
      }
    } finally {
      await node.stop();
    }
  } finally {
    await proving?.close();
    process.off('unhandledRejection', onRejection);
    if (isStarted) log.info('stopped');
  }
}

/** A market that a node takes part in, and as whom. */
function chainOf({ market, urls, embedded }: OpenMarket) {
  const { network, address } = market.chain;
  return {
    id: network.chainId,
    name: network.name,
    embedded,
    urls,
    market: market.addresses.market,
    account: address,
  };
}

function describe({ peerId, addresses }: PeerStatus, api: string, market: OpenMarket | undefined): string {
  return [
    `Peer ${peerId}`,
    ...addresses.map((address) => `  ${address}`),
    `Local API: ${api}`,
    ...(market === undefined
      ? []
      : [
          `Market ${market.market.addresses.market} on chain ${market.market.chain.network.chainId}, as ${market.market.chain.address}`,
        ]),
    'Others join by: tessera start --bootstrap ADDRESS. Stop with Ctrl-C.',
  ].join('\n');
}
