/** A node in a process of its own: a worker, or a requester that proves one job. Its one argument is a `JobProcessInit`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeCertificate } from '../../../protocol/certificate-codec.ts';
import type { ProofVerifier } from '../../../protocol/verifier.ts';
import { ArtifactCache } from '../../artifacts/cache.ts';
import { ArtifactStore } from '../../artifacts/store/index.ts';
import { ArtifactExchange, dhtRouting } from '../../artifacts/transfer/index.ts';
import { type Configuration, configurationSchema } from '../../configuration/index.ts';
import { createLog, startPeer } from '../../peer/index.ts';
import { openCalibrationStore } from '../../plan/calibration-store.ts';
import type { ParameterChoice } from '../../plan/parameters/choice.ts';
import { chooseForEzkl } from '../../plan/parameters/ezkl.ts';
import { chooseForGroth16 } from '../../plan/parameters/groth16.ts';
import { createEzklProver } from '../../provers/ezkl/prover.ts';
import { developmentSrs } from '../../provers/ezkl/srs.ts';
import { createCommitThread } from '../../provers/ezkl/verifier/commit-thread.ts';
import { createEngineThread } from '../../provers/ezkl/verifier/engine-thread.ts';
import { createEzklVerifier } from '../../provers/ezkl/verifier/index.ts';
import { createGroth16Prover } from '../../provers/groth16/prover.ts';
import { createGroth16Verifier } from '../../provers/groth16/verifier/index.ts';
import type { Prover } from '../../provers/prover.ts';
import { type JobModules, prepareJob } from '../../requester/job.ts';
import type { NetworkJobTimings } from '../../requester/network/network-job-timings.ts';
import type { SegmentEvent } from '../../requester/network/segment-event.ts';
import { startJobs } from '../../start-jobs.ts';
import { nodeFiles } from '../../store/index.ts';
import { segmentProver } from '../../worker/prove-segment.ts';
import { ArtifactAccess } from '../artifact-access.ts';
import {
  faultyRequests,
  faultyWork,
  type RequesterFault,
  serveBadBytes,
  type WorkerFault,
  withWrongValue,
} from './faults.ts';

export interface JobProcessInit {
  directory: string;
  /** Where circuits and keys are kept; under `directory` unless given. */
  cache?: string;
  configuration?: Partial<Configuration>;
  provers: {
    /** The built worker of Groth16. */
    groth16?: string;
    /** A Python that has ezkl. */
    ezkl?: string;
  };
  worker?: { parallel: number; memory?: number; fault?: WorkerFault };
  job?: { model: string; input: string; out: string; strategy: string; commit?: string; scale?: number };
  fault?: RequesterFault;
  timings?: Partial<NetworkJobTimings>;
  /** Milliseconds that its clock is off. */
  skew?: number;
}

/** How a process stands. */
export interface JobProcessMeasurement {
  /** Resident bytes. */
  memory: number;
  /** Gossip that was taken, and by reason what was refused. */
  delivered: number;
  refused: Readonly<Record<string, number>>;
  requests: { answered: number; refused: number };
  /** Entries of tables that peers fill. */
  tables: { bids: number; records: number; answers: number; peers: number };
}

/** What the process says to whoever forked it. */
export type JobProcessMessage =
  | { ready: { peerId: string; addresses: readonly string[] } }
  | { segment: SegmentEvent }
  | { stopped: true }
  | { measurement: JobProcessMeasurement }
  | { certificate: string }
  | { error: { code?: string; message: string } };

const {
  directory,
  cache: cacheDirectory = join(directory, 'cache'),
  configuration: partial,
  provers: { groth16, ezkl },
  worker,
  job,
  fault,
  timings,
  skew = 0,
} = JSON.parse(process.argv[2] ?? '') as JobProcessInit;
const say = (message: JobProcessMessage) => process.send?.(message);
const configuration = configurationSchema.parse({
  listen: ['/ip4/127.0.0.1/tcp/0'],
  mdns: false,
  logLevel: 'silent',
  connectionsPerHost: 1_000,
  ...partial,
});
const scratch = join(directory, 'scratch');
await mkdir(scratch, { recursive: true });

function openModules(): JobModules {
  const cache = new ArtifactCache({ directory: cacheDirectory, maxBytes: 1e9 });
  const provers = new Map<string, Prover>();
  const choices = new Map<string, ParameterChoice>();
  const verifiers: ProofVerifier[] = [];
  if (groth16 !== undefined) {
    provers.set('groth16', createGroth16Prover({ worker: groth16, cache, directory: scratch }));
    choices.set('groth16', chooseForGroth16);
    verifiers.push(createGroth16Verifier());
  }
  if (ezkl !== undefined) {
    const srs = developmentSrs(cache);
    provers.set('ezkl', createEzklProver({ python: ezkl, cache, srs, directory: scratch }));
    choices.set('ezkl', chooseForEzkl);
    const committer = createCommitThread();
    verifiers.push(createEzklVerifier({ engine: createEngineThread(), committer }));
  }
  return { provers, choices, verifiers, calibrations: openCalibrationStore(join(directory, 'calibrations')) };
}

const modules = openModules();
const files = nodeFiles(directory);
const now = () => Date.now() + skew;
const log = createLog(configuration.logLevel, process.stderr);
const peer = await startPeer({ configuration, files, log, now });
const store = await ArtifactStore.open({ directory: files.artifacts, maxBytes: 2e9 });
// Nobody but who is named has anything here: others are not waited for.
const download = { retryMs: 100, searchPausesMs: [0], searchMs: 500 };
const routing = dhtRouting(peer.libp2p);
const exchange = new ArtifactExchange({ download }, { store, libp2p: peer.libp2p, routing });
await exchange.start();
const serving = fault ?? worker?.fault;
if (serving?.kind === 'serves') await serveBadBytes(peer.libp2p, serving.bytes);

function workerInit({ parallel, memory = 2e9, fault }: NonNullable<JobProcessInit['worker']>) {
  const artifacts = new ArtifactAccess(exchange);
  const honest = segmentProver({ artifacts, ...modules, scratch, memory });
  return {
    limits: { memory, parallel, disk: 0, requesters: new Set<string>(), price: 0n },
    modules,
    work: fault === undefined ? honest : faultyWork(fault, honest, () => say({ stopped: true })),
    timings: { report: 300 },
  };
}

const requests =
  worker?.fault === undefined
    ? peer.requests
    : faultyRequests(worker.fault, peer.requests, peer.identity.secretKey);
const jobs = await startJobs({
  peer: { ...peer, requests },
  exchange,
  scratch,
  now,
  ...(worker === undefined ? {} : { worker: workerInit(worker) }),
  ...(timings === undefined ? {} : { requester: { timings } }),
});
function measure(): JobProcessMeasurement {
  const [path] = peer.transport.status();
  const { bids, records } = jobs.requester.workerTables;
  return {
    memory: process.memoryUsage.rss(),
    delivered: path?.delivered ?? 0,
    refused: path?.refused ?? {},
    requests: peer.requests.counts,
    tables: { bids, records, ...peer.requests.sizes },
  };
}
process.on('message', () => say({ measurement: measure() }));
process.on('disconnect', () => process.exit());
say({ ready: peer.status() });

if (job !== undefined) {
  try {
    const prepared = await prepareJob({ ...job, limits: { parallel: 2, memory: 2e9 } }, modules);
    const proven = fault?.kind === 'wrong values' ? withWrongValue(prepared) : prepared;
    const { certificate, forget } = await jobs.requester.prove(proven, modules, {
      onSegment: (segment) => say({ segment }),
    });
    await writeFile(job.out, encodeCertificate(certificate));
    await forget();
    say({ certificate: job.out });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    say({ error: { ...(code === undefined ? {} : { code }), message } });
  }
}
