import { mkdir, rm, statfs } from 'node:fs/promises';
import { peerIdFromString } from '@libp2p/peer-id';
import type { PrivateArtifacts } from './access/index.ts';
import type { ArtifactExchange } from './artifacts/transfer/index.ts';
import { type Closer, closeAll } from './close-all.ts';
import { ArtifactAccess } from './job/artifact-access.ts';
import { type KindHandlers, routeMessages } from './job/message-router.ts';
import { Signer } from './job/signer.ts';
import type { Reach } from './network/connection-keeper.ts';
import type { RequestProtocol } from './network/request-protocol.ts';
import type { Peer } from './peer/index.ts';
import { recipeCost } from './plan/cost-model/recipe-cost.ts';
import { referenceUnitsPerSecond } from './plan/cost-model/units.ts';
import type { JobModules } from './requester/job.ts';
import { type JobRecord, JobRecords, type SegmentRecord } from './requester/network/job-record.ts';
import type { NetworkJobTimings } from './requester/network/network-job-timings.ts';
import { Requester } from './requester/network/requester.ts';
import { WorkerDirectory, type WorkerRecord } from './requester/network/worker-directory.ts';
import type { WorkerTimings } from './worker/assignment-run.ts';
import { BidPublisher } from './worker/bid-publisher.ts';
import { type Capabilities, describeMachine, measureCapabilities, speedsOf } from './worker/capabilities.ts';
import type { WorkerLimits } from './worker/limits.ts';
import { type Offering, offeringOf } from './worker/offering.ts';
import { segmentProver } from './worker/prove-segment.ts';
import type { SegmentWork } from './worker/segment-work.ts';
import type { WorkPlaces } from './worker/work-places.ts';
import type { EndedWork, WorkRecord } from './worker/work-record.ts';
import { Worker } from './worker/worker.ts';

export interface JobsInit {
  peer: Omit<Peer, 'requests'> & { requests: Pick<RequestProtocol, 'request' | 'serve'> };
  exchange: ArtifactExchange;
  /** What is lent to and by invited peers; without it, this node knows open jobs only. */
  privateArtifacts?: PrivateArtifacts;
  /** Where a worker's files lie while it works on segments; what lies there at the start is removed. */
  scratch: string;
  /** What this node proves for others; nothing where it is left out. */
  worker?: {
    limits: WorkerLimits;
    modules: Pick<JobModules, 'provers' | 'verifiers'>;
    /** What this machine proves with; measured unless given. */
    capabilities?: Capabilities;
    /** How segments are proven; by the modules' provers unless given. */
    work?: SegmentWork;
    /** Where other work under the same limits is let in, too. */
    places?: WorkPlaces;
    timings?: Partial<WorkerTimings>;
  };
  requester?: { timings?: Partial<NetworkJobTimings> };
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** A node's part in jobs: it has its own proven, and proves those of others. */
export interface Jobs {
  requester: Requester;
  /** Absent where it proves nothing for others. */
  worker?: Worker;
  /** What its worker lets others use, and how it stands. */
  offering?: () => Offering;
  stop(): Promise<void>;
}

/** Begins to answer what peers say about jobs, and goes on with what was under way; stops all of it where that fails. */
export async function startJobs(init: JobsInit): Promise<Jobs> {
  const { peer, exchange, now = Date.now } = init;
  const { requests, transport, store, log } = peer;
  const signer = new Signer(peer.identity, now);
  const artifacts = new ArtifactAccess(exchange);
  const addresses = () => peer.status().addresses.slice(0, 16);
  const requester = new Requester({
    signer,
    requests,
    transport,
    artifacts,
    ...(init.privateArtifacts === undefined ? {} : { privateArtifacts: init.privateArtifacts }),
    directory: new WorkerDirectory(store.records<WorkerRecord>('worker-records'), now),
    records: new JobRecords(
      {
        jobs: store.records<JobRecord>('jobs'),
        segments: store.records<SegmentRecord>('job-segments'),
      },
      now,
    ),
    addresses,
    reach: () => reachOf(peer),
    log,
    ...(init.requester?.timings === undefined ? {} : { timings: init.requester.timings }),
  });
  const closers: Closer[] = [() => requester.stop()];
  const stop = () => closeAll(closers.splice(0));
  try {
    await requester.start();
    const working =
      init.worker === undefined ? undefined : await startWorker(init, init.worker, signer, artifacts);
    if (working !== undefined) closers.push(() => working.stop());
    await requests.serve(
      routeMessages(requester.handlers, ...(working === undefined ? [] : [working.handlers])),
    );
    await working?.begin();
    return {
      requester,
      ...(working === undefined ? {} : { worker: working.worker, offering: working.offering }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Where messages go another way, whoever hears them there counts too. */
function reachOf(peer: Pick<Peer, 'reach' | 'status'>): Reach {
  const reach = peer.reach();
  return { ...reach, peers: Math.max(reach.peers, ...peer.status().paths.map(({ peers }) => peers)) };
}

async function startWorker(
  { peer, scratch, privateArtifacts }: JobsInit,
  { limits, modules, work, timings, places, ...init }: NonNullable<JobsInit['worker']>,
  signer: Signer,
  artifacts: ArtifactAccess,
) {
  const { transport, store, log, requests } = peer;
  const { provers, verifiers } = modules;
  // What was being worked on when a node was killed.
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  const capabilities = init.capabilities ?? (await measureCapabilities(await describeMachine()));
  const speeds = speedsOf(capabilities, [...provers.keys()], limits.parallel);
  const freeDisk = async () => {
    const { bavail, bsize } = await statfs(scratch);
    return bavail * bsize;
  };
  // While all places are taken, each has its part of the machine.
  const speed = capabilities.unitsPerSecond / referenceUnitsPerSecond / limits.parallel;
  const worker = new Worker(
    {
      ...{ limits, provers: new Set(provers.keys()) },
      ...(timings === undefined ? {} : { timings }),
      ...(places === undefined ? {} : { places }),
    },
    {
      signer,
      requests,
      artifacts,
      records: store.records<WorkRecord | EndedWork>('work'),
      work:
        work ??
        segmentProver({
          ...{ artifacts, provers, verifiers, scratch, memory: limits.memory },
          keys: {
            setupSeconds(model, recipe) {
              const cost = recipeCost(model, recipe);
              return cost === undefined ? undefined : cost.setupSeconds / speed;
            },
            spareDisk: async () => (await freeDisk()) - limits.disk,
            onUseless: (err) => log.info({ err }, 'fetched keys came to no proof: they are made here'),
          },
          ...(privateArtifacts === undefined
            ? {}
            : { guest: { artifacts: privateArtifacts.guest, identity: peer.identity } }),
        }),
      freeDisk,
      log,
      onLoad: () => bids.noteLoad(),
    },
  );
  const bids = new BidPublisher({
    signer,
    transport,
    requests,
    isConnected: (id) => peer.libp2p.getConnections(peerIdFromString(id)).length > 0,
    records: store.records<number>('bids'),
    standing: () => ({
      cores: capabilities.cores,
      memory: limits.memory,
      gpus: capabilities.gpus,
      provers: speeds,
      slots: worker.slots,
      price: limits.price,
      addresses: peer.status().addresses.slice(0, 16),
    }),
    log,
  });
  const unsubscribe = transport.subscribe('offers', ({ message }) => {
    if (message.kind === 'offer') {
      worker.noteOffer(message);
      void bids.answer(message);
    } else if (message.kind === 'cancellation') worker.cancel(message);
  });
  // With more peers than these, all have heard the bid: that each new one has every node bid again, nobody could afford.
  const joined = () => {
    if (peer.libp2p.getPeers().length <= fewPeers) bids.renew();
  };
  peer.libp2p.addEventListener('peer:connect', joined);
  const handlers: KindHandlers = {
    ...worker.handlers,
    offer: async (signed, options) => {
      // To the peers that it invites, a requester says so itself: they bid for what nobody else hears of.
      if (signed.message.access === 'invited') void bids.answer(signed.message);
      return worker.handlers.offer?.(signed, options);
    },
  };
  return {
    worker,
    handlers,
    offering: () => offeringOf({ limits, capabilities, speeds, worker }),
    async begin() {
      await worker.start();
      await bids.start();
    },
    async stop() {
      unsubscribe();
      peer.libp2p.removeEventListener('peer:connect', joined);
      bids.stop();
      await worker.stop();
    },
  };
}

/** Peers that a node needs for gossip to reach everybody: what its connections are kept at. */
const fewPeers = 8;
