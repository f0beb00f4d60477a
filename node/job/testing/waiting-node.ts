import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hex32 } from '../../../protocol/edge.ts';
import type { WorkerStage } from '../../../protocol/messages/index.ts';
import { ArtifactStore } from '../../artifacts/store/index.ts';
import { ArtifactExchange, dhtRouting } from '../../artifacts/transfer/index.ts';
import { type Configuration, configurationSchema } from '../../configuration/index.ts';
import { createLog, type Peer, startPeer } from '../../peer/index.ts';
import { openCalibrationStore } from '../../plan/calibration-store.ts';
import type { JobModules } from '../../requester/job.ts';
import type { NetworkJobTimings } from '../../requester/network/network-job-timings.ts';
import { type Jobs, startJobs } from '../../start-jobs.ts';
import { nodeFiles } from '../../store/index.ts';
import { segmentProver } from '../../worker/prove-segment.ts';
import { ArtifactAccess } from '../artifact-access.ts';
import { createWaitingProver, createWaitingVerifier, type WaitingEvent } from './waiting-prover.ts';

export interface WaitingNodeInit {
  directory: string;
  configuration?: Partial<Configuration>;
  /** Whether it proves for others, one segment at a time. */
  worker: boolean;
  timings?: Partial<NetworkJobTimings>;
  onProof?: (event: WaitingEvent) => void;
  /** Is told when its worker begins to fetch something, and when that is there. */
  onFetch?: (state: 'begun' | 'ended') => void;
  /** Is told of the stages of its worker's segments as they begin. */
  onStage?: (stage: { job: Hex32; segment: number; stage: WorkerStage }) => void;
}

/** A machine like the one that the cost model was fitted on: it has nothing to measure. */
const capabilities = { processor: 'any', cores: 2, memory: 2 ** 30, gpus: [], unitsPerSecond: 1_000_000 };

/** A whole node whose only prover takes time and nothing else. */
export interface WaitingNode {
  peer: Peer;
  jobs: Jobs;
  modules: JobModules;
  stop(): Promise<void>;
}

export async function startWaitingNode(init: WaitingNodeInit): Promise<WaitingNode> {
  const { directory, worker, onProof, onStage, onFetch = () => {}, timings } = init;
  const configuration = configurationSchema.parse({
    listen: ['/ip4/127.0.0.1/tcp/0'],
    mdns: false,
    logLevel: 'silent',
    // All nodes of a test are on one host.
    connectionsPerHost: 1_000,
    ...init.configuration,
  });
  const scratch = join(directory, 'scratch');
  await mkdir(scratch, { recursive: true });
  const prover = createWaitingProver(onProof);
  const modules: JobModules = {
    provers: new Map([[prover.name, prover]]),
    choices: new Map(),
    verifiers: [createWaitingVerifier()],
    calibrations: openCalibrationStore(join(directory, 'calibrations')),
  };
  const files = nodeFiles(directory);
  const log = createLog(configuration.logLevel, process.stderr);
  const peer = await startPeer({ configuration, files, log });
  const store = await ArtifactStore.open({ directory: files.artifacts, maxBytes: 2e9 });
  const { libp2p } = peer;
  const exchange = new ArtifactExchange({}, { store, libp2p, routing: dhtRouting(libp2p) });
  await exchange.start();
  const limits = { memory: 2 ** 30, parallel: 1, disk: 0, requesters: new Set<string>(), price: 0n };
  const artifacts = new WatchedAccess(exchange, onFetch);
  const honest = segmentProver({ artifacts, ...modules, scratch, memory: limits.memory });
  const jobs = await startJobs({
    peer,
    exchange,
    scratch,
    ...(worker
      ? {
          worker: {
            limits,
            modules,
            capabilities,
            work: (task, options) =>
              honest(task, {
                ...options,
                onStage(stage) {
                  onStage?.({ job: task.assignment.job, segment: task.assignment.segment, stage });
                  options.onStage(stage);
                },
              }),
          },
        }
      : {}),
    ...(timings === undefined ? {} : { requester: { timings } }),
  });
  return {
    peer,
    jobs,
    modules,
    async stop() {
      await jobs.stop();
      await exchange.stop();
      await peer.stop();
    },
  };
}

/** Artifacts that tell when they are fetched. */
class WatchedAccess extends ArtifactAccess {
  readonly #onFetch: (state: 'begun' | 'ended') => void;

  constructor(exchange: ArtifactExchange, onFetch: (state: 'begun' | 'ended') => void) {
    super(exchange);
    this.#onFetch = onFetch;
  }

  override fetchBytes(...request: Parameters<ArtifactAccess['fetchBytes']>): Promise<Uint8Array> {
    return this.#watch(super.fetchBytes(...request));
  }

  override fetchFile(...request: Parameters<ArtifactAccess['fetchFile']>): Promise<void> {
    return this.#watch(super.fetchFile(...request));
  }

  async #watch<T>(fetching: Promise<T>): Promise<T> {
    this.#onFetch('begun');
    try {
      return await fetching;
    } finally {
      this.#onFetch('ended');
    }
  }
}
