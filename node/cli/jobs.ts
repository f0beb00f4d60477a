import { join } from 'node:path';
import { TesseraError } from '../../protocol/errors.ts';
import type { ArtifactExchange } from '../artifacts/transfer/index.ts';
import type { Configuration } from '../configuration/index.ts';
import { type Jobs, startJobs } from '../job/start-jobs.ts';
import { createLog, type Peer, startPeer } from '../peer/index.ts';
import type { ProveModules } from '../prove.ts';
import { nodeFiles } from '../store/index.ts';
import { openTessera } from '../tessera.ts';
import { startArtifacts } from './artifacts.ts';
import { configurationOf } from './configuration.ts';
import type { Context } from './context.ts';

interface WorkingInit {
  peer: Peer;
  exchange: ArtifactExchange;
  configuration: Configuration;
}

/** Lets a running node prove for others with the provers that are set up; one without any proves nothing. */
export async function startWorking(
  { settings }: Context,
  { peer, exchange, configuration }: WorkingInit,
): Promise<Pick<Jobs, 'stop'> | undefined> {
  const { directory, leftOut, environment } = settings;
  const limits = {
    memory: configuration.workerMemory * 2 ** 30,
    parallel: configuration.workerProofs,
    requesters: new Set<string>(),
    price: BigInt(configuration.workerPrice),
  };
  const tessera = openTessera({ home: directory.root, leftOut, environment, limits });
  try {
    const scratch = join(directory.node, 'work');
    const jobs = await tessera.withModules((modules) =>
      startJobs({ peer, exchange, scratch, worker: { limits, modules } }),
    );
    return {
      async stop() {
        await jobs.stop();
        await tessera.close();
      },
    };
  } catch (error) {
    await tessera.close();
    if (!(error instanceof TesseraError) || error.code !== 'PROVER_MISSING') throw error;
    peer.log.warn({ why: error.message }, 'this node proves nothing for others');
    return undefined;
  }
}

/**
 * Hands over what has jobs proven by the network, by a node that runs for this long.
 *
 * @throws TesseraError `NODE_RUNNING` when a node has the data directory
 */
export async function withNetwork<T>(
  context: Context,
  bootstrap: readonly string[],
  use: (elsewhere: Pick<ProveModules, 'proveElsewhere'>) => Promise<T>,
): Promise<T> {
  const { directory } = context.settings;
  const known = bootstrap.length === 0 ? {} : { bootstrap: [...bootstrap] };
  const configured = await configurationOf(context, known);
  // A port of its own: another node of this machine may have the usual ones.
  const configuration = { ...configured, listen: ['/ip4/0.0.0.0/tcp/0'] };
  const log = createLog('warn', { write: (line) => context.output.note(line.trimEnd()) });
  const files = nodeFiles(directory.node);
  const peer = await startPeer({ configuration, files, log });
  try {
    const exchange = await startArtifacts(peer, files, configuration);
    try {
      const jobs = await startJobs({ peer, exchange, scratch: join(directory.node, 'work') });
      try {
        return await use({
          proveElsewhere: (job, modules, options) =>
            jobs.requester.prove(job, modules, {
              ...options,
              onSegment: ({ id, state, worker, reason }) => {
                if (state === 'assigned' || state === 'accepted') {
                  context.output.note(`${id}: ${state}, worker ${worker.slice(0, 8)}`);
                } else if (state === 'open')
                  context.output.note(`${id}: given to another worker (${reason})`);
              },
            }),
        });
      } finally {
        await jobs.stop();
      }
    } finally {
      await exchange.stop();
    }
  } finally {
    await peer.stop();
  }
}
