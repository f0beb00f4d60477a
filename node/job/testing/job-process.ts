/** A node in a process of its own: a worker, or a requester that proves one job. Its one argument is a `JobProcessInit`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeCertificate } from '../../../protocol/certificate-codec.ts';
import { ArtifactCache } from '../../artifacts/cache.ts';
import { ArtifactStore } from '../../artifacts/store/index.ts';
import { ArtifactExchange, dhtRouting } from '../../artifacts/transfer/index.ts';
import { type Configuration, configurationSchema } from '../../configuration/index.ts';
import { createLog, startPeer } from '../../peer/index.ts';
import { openCalibrationStore } from '../../plan/calibration-store.ts';
import { chooseForGroth16 } from '../../plan/parameters/groth16.ts';
import { createGroth16Prover } from '../../provers/groth16/prover.ts';
import { createGroth16Verifier } from '../../provers/groth16/verifier/index.ts';
import { prepareJob } from '../../requester/job.ts';
import type { NetworkJobTimings } from '../../requester/network/network-job.ts';
import type { SegmentEvent } from '../../requester/network/segment-event.ts';
import { nodeFiles } from '../../store/index.ts';
import type { SegmentWork } from '../../worker/segment-work.ts';
import { startJobs } from '../start-jobs.ts';

export interface JobProcessInit {
  directory: string;
  configuration?: Partial<Configuration>;
  /** The built worker of Groth16. */
  groth16: string;
  worker?: {
    parallel: number;
    memory?: number;
    price?: string;
    /** How it departs from what an honest worker does. */
    fault?: WorkerFault;
  };
  job?: { model: string; input: string; out: string; strategy: string; commit?: string };
  timings?: Partial<NetworkJobTimings>;
  /** Milliseconds that its clock is off. */
  skew?: number;
}

/** `stop at` a stage: it goes no further, and is to be killed. */
export type WorkerFault =
  | { kind: 'wrong proof' }
  | { kind: 'stop at'; stage: 'fetching' | 'checking' | 'proving' }
  | { kind: 'false mismatch' };

/** What the process says to whoever forked it. */
export type JobProcessMessage =
  | { ready: { peerId: string; addresses: readonly string[] } }
  | { segment: SegmentEvent }
  | { stage: string }
  | { certificate: string }
  | { error: { code?: string; message: string } };

const {
  directory,
  configuration: partial,
  groth16,
  worker,
  job,
  timings,
  skew = 0,
} = JSON.parse(process.argv[2] ?? '') as JobProcessInit;
const say = (message: JobProcessMessage) => process.send?.(message);
const configuration = configurationSchema.parse({
  listen: ['/ip4/127.0.0.1/tcp/0'],
  mdns: false,
  logLevel: process.env.TESSERA_LOG_LEVEL ?? 'silent',
  ...partial,
});
const scratch = join(directory, 'scratch');
await mkdir(scratch, { recursive: true });
const cache = new ArtifactCache({ directory: join(directory, 'cache'), maxBytes: 1e9 });
const prover = createGroth16Prover({ worker: groth16, cache, directory: scratch });
const modules = {
  provers: new Map([['groth16', prover]]),
  choices: new Map([['groth16', chooseForGroth16]]),
  verifiers: [createGroth16Verifier()],
  calibrations: openCalibrationStore(join(directory, 'calibrations')),
};
const files = nodeFiles(directory);
const now = () => Date.now() + skew;
const peer = await startPeer({
  configuration,
  files,
  log: createLog(configuration.logLevel, process.stderr),
});
const store = await ArtifactStore.open({ directory: files.artifacts, maxBytes: 2e9 });
const exchange = new ArtifactExchange({}, { store, libp2p: peer.libp2p, routing: dhtRouting(peer.libp2p) });
await exchange.start();

function faulty(fault: WorkerFault, honest: SegmentWork): SegmentWork {
  return async (task, options) => {
    if (fault.kind === 'stop at') {
      return honest(task, {
        ...options,
        onStage(stage) {
          options.onStage(stage);
          say({ stage });
          // Nothing more happens in this process: it is as if it were killed here.
          if (stage === fault.stage) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
        },
      });
    }
    const { edge, block } = { edge: 0, block: 0 };
    const digest = '00'.repeat(32);
    if (fault.kind === 'false mismatch') {
      return { kind: 'edge-mismatch', edge, block, committed: digest, computed: digest };
    }
    const outcome = await honest(task, options);
    if (outcome.kind !== 'proof') return outcome;
    const bytes = Uint8Array.from(outcome.proof.bytes);
    bytes.copyWithin(0, 192, 256);
    return { kind: 'proof', proof: { ...outcome.proof, bytes } };
  };
}

const { segmentProver } = await import('../../worker/prove-segment.ts');
const { ArtifactAccess } = await import('../artifact-access.ts');
const memory = worker?.memory ?? 2e9;
const honest = segmentProver({ artifacts: new ArtifactAccess(exchange), ...modules, scratch, memory });
const jobs = await startJobs({
  peer,
  exchange,
  scratch,
  now,
  ...(worker === undefined
    ? {}
    : {
        worker: {
          limits: {
            memory,
            parallel: worker.parallel,
            requesters: new Set<string>(),
            price: BigInt(worker.price ?? 0),
          },
          modules,
          work: worker.fault === undefined ? honest : faulty(worker.fault, honest),
          timings: { report: 300 },
        },
      }),
  ...(timings === undefined ? {} : { requester: { timings } }),
});
process.on('disconnect', () => process.exit());
say({ ready: peer.status() });

if (job !== undefined) {
  try {
    const prepared = await prepareJob({ ...job, limits: { parallel: 2, memory } }, modules);
    const { certificate } = await jobs.requester.prove(prepared, modules, {
      onSegment: (segment) => say({ segment }),
    });
    await writeFile(job.out, encodeCertificate(certificate));
    say({ certificate: job.out });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    say({ error: { ...(code === undefined ? {} : { code }), message } });
  }
}
