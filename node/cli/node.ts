import { join } from 'node:path';
import { TesseraError } from '../../protocol/errors.ts';
import { publicKeyOf } from '../../protocol/messages/index.ts';
import { PrivateArtifacts } from '../access/index.ts';
import type { ArtifactExchange } from '../artifacts/transfer/index.ts';
import { type Closer, closeAll } from '../close-all.ts';
import type { Configuration } from '../configuration/index.ts';
import { type Logger, type Peer, startPeer } from '../peer/index.ts';
import type { DataDirectory } from '../setup/index.ts';
import { type Jobs, type JobsInit, startJobs } from '../start-jobs.ts';
import { nodeFiles } from '../store/index.ts';
import { openTessera } from '../tessera.ts';
import { knownCapabilities } from '../worker/known-capabilities.ts';
import { WorkPlaces } from '../worker/work-places.ts';
import { startArtifacts } from './artifacts.ts';
import type { Settings } from './settings.ts';

/** A node of the network, put together. */
export interface RunningNode {
  peer: Peer;
  artifacts: ArtifactExchange;
  jobs: Jobs;
  /** Stops all of it and lets the data directory go. */
  stop(): Promise<void>;
}

export interface NodeInit {
  configuration: Configuration;
  directory: Pick<DataDirectory, 'node'>;
  log: Logger;
  /** What it proves for others; nothing where it is left out. */
  worker?: JobsInit['worker'];
}

/** @throws TesseraError as {@link startPeer}; nothing is left running then */
export async function startNode({ configuration, directory, log, worker }: NodeInit): Promise<RunningNode> {
  const files = nodeFiles(directory.node);
  const closers: Closer[] = [];
  const stop = () => closeAll(closers.splice(0));
  try {
    const peer = await startPeer({ configuration, files, log });
    closers.push(() => peer.stop());
    const privateArtifacts = await PrivateArtifacts.open({
      directory: files.privateArtifacts,
      maxBytes: configuration.artifactSpace * 2 ** 30,
      libp2p: peer.libp2p,
    });
    closers.push(() => privateArtifacts.stop());
    const artifacts = await startArtifacts(peer, files, configuration, privateArtifacts);
    closers.push(() => artifacts.stop());
    const scratch = join(directory.node, 'work');
    const jobs = await startJobs({
      peer,
      exchange: artifacts,
      privateArtifacts,
      scratch,
      ...(worker === undefined ? {} : { worker }),
    });
    closers.push(() => jobs.stop());
    return { peer, artifacts, jobs, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The provers that a node has for others' segments. */
export interface OpenWorker {
  worker: NonNullable<JobsInit['worker']> & { places: WorkPlaces };
  close(): Promise<void>;
}

/** Opens the provers that are set up; a node without any proves nothing for others, and says so. */
export async function openWorker(
  { directory, leftOut, environment }: Settings,
  configuration: Configuration,
  log: Logger,
): Promise<OpenWorker | undefined> {
  if (!configuration.worker) return undefined;
  const limits = {
    memory: configuration.workerMemory * 2 ** 30,
    parallel: configuration.workerProofs,
    disk: configuration.workerDisk * 2 ** 30,
    requesters: new Set(configuration.requesters.map(publicKeyOf)),
    price: BigInt(configuration.workerPrice),
  };
  const tessera = openTessera({ home: directory.root, leftOut, environment, limits });
  try {
    const modules = await tessera.withModules(async (open) => open);
    const capabilities = await knownCapabilities(nodeFiles(directory.node).capabilities);
    return {
      worker: { limits, modules, capabilities, places: new WorkPlaces(limits) },
      close: () => tessera.close(),
    };
  } catch (error) {
    await tessera.close();
    if (!(error instanceof TesseraError) || error.code !== 'PROVER_MISSING') throw error;
    log.warn({ why: error.message }, 'this node proves nothing for others');
    return undefined;
  }
}
