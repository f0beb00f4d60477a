/** Nodes that only wait, several in one process. Its one argument is a `WaitingProcessInit`; its orders come by IPC. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { NetworkJobTimings } from '../../requester/network/network-job-timings.ts';
import type { SegmentEvent } from '../../requester/network/segment-event.ts';
import { waitingJob } from './waiting-job.ts';
import { startWaitingNode, type WaitingNode } from './waiting-node.ts';

export interface WaitingProcessInit {
  directory: string;
  /** How many nodes. */
  nodes: number;
  worker: boolean;
  bootstrap: readonly string[];
  timings?: Partial<NetworkJobTimings>;
}

/** What a process of waiting nodes does on demand. */
export interface WaitingOrders {
  measure: { request: object; answer: WaitingMeasurement };
  /** Ends what is being proven. */
  cancel: { request: object; answer: null };
  prove: { request: { segments: number; seconds: number; input: number }; answer: WaitingProof };
}

export interface WaitingMeasurement {
  /** Resident bytes that its nodes added to the process. */
  memory: number;
  /** Seconds of processor time so far. */
  cpu: number;
  /** Gossiped messages that came to its nodes, and requests that they sent. */
  messages: number;
  /** Peers whose bids came to its first node. */
  bidders: number;
  connections: number;
  /** That were begun, and of these those that were cancelled. */
  proofs: number;
  stopped: number;
  /** The most that one node worked on at once. */
  mostAtOnce: number;
  stages: readonly StageTime[];
}

/** When a worker's segment reached a stage: milliseconds on the system's clock. */
export interface StageTime {
  segment: number;
  stage: string;
  job: string;
  at: number;
  /** Milliseconds in which the process was fetching something, so far. */
  fetched: number;
}

export interface WaitingProof {
  job: string;
  /** From the offer to the last accepted proof. */
  seconds: number;
  /** When it was offered: milliseconds on the system's clock. */
  offeredAt: number;
  /** How often a segment was assigned. */
  assigned: number;
  /** By worker, how many of its proofs were accepted. */
  accepted: Readonly<Record<string, number>>;
  /** Why segments became open again, with how often. */
  reopened: Readonly<Record<string, number>>;
}

const {
  directory,
  nodes: count,
  worker,
  bootstrap,
  timings,
} = JSON.parse(process.argv[2] ?? '') as WaitingProcessInit;

const stages: StageTime[] = [];
let proofs = 0;
let stopped = 0;
let mostAtOnce = 0;
let cancellation = new AbortController();
let requests = 0;
const bidders = new Set<string>();
const fetching = stopwatch();
const idleMemory = process.memoryUsage.rss();

const nodes: WaitingNode[] = [];
for (let index = 0; index < count; index++) {
  const home = join(directory, `${index}`);
  await mkdir(home, { recursive: true });
  let running = 0;
  nodes.push(
    await startWaitingNode({
      directory: home,
      worker,
      configuration: { bootstrap: [...bootstrap] },
      ...(timings === undefined ? {} : { timings }),
      onProof: ({ state }) => {
        running += state === 'begun' ? 1 : -1;
        mostAtOnce = Math.max(mostAtOnce, running);
        if (state === 'begun') proofs += 1;
        if (state === 'stopped') stopped += 1;
      },
      onFetch: (state) => (state === 'begun' ? fetching.begin() : fetching.end()),
      onStage: (stage) => stages.push({ ...stage, at: now(), fetched: fetching.total() }),
    }),
  );
}

for (const { peer } of nodes) {
  const request = peer.requests.request.bind(peer.requests);
  peer.requests.request = (...args) => {
    requests += 1;
    return request(...args);
  };
}
nodes[0]?.peer.transport.subscribe('bids', ({ message }) => bidders.add(message.sender));

/** Milliseconds in which anything was under way. */
function stopwatch() {
  let running = 0;
  let since = 0;
  let sum = 0;
  return {
    begin() {
      if (running++ === 0) since = now();
    },
    end() {
      if (--running === 0) sum += now() - since;
    },
    total: () => sum + (running > 0 ? now() - since : 0),
  };
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

async function prove({ segments, seconds, input }: WaitingOrders['prove']['request']): Promise<WaitingProof> {
  const [node] = nodes;
  if (node === undefined) throw new Error('there is no node');
  const job = await waitingJob({ segments, seconds, input, directory });
  const events: { event: SegmentEvent; at: number }[] = [];
  let offeredAt = 0;
  let id = '';
  const unsubscribe = watchOffers(node, (offered) => {
    // It is said again while some of it is open.
    if (offeredAt === 0) offeredAt = now();
    id = offered;
  });
  const { forget } = await node.jobs.requester.prove(job, node.modules, {
    signal: cancellation.signal,
    onSegment: (event) => events.push({ event, at: now() }),
  });
  unsubscribe();
  await forget();
  const accepted: Record<string, number> = {};
  const reopened: Record<string, number> = {};
  for (const { event } of events) {
    if (event.state === 'accepted') accepted[event.worker] = (accepted[event.worker] ?? 0) + 1;
    if (event.state === 'open') reopened[event.reason ?? ''] = (reopened[event.reason ?? ''] ?? 0) + 1;
  }
  return {
    job: id,
    offeredAt,
    seconds: ((events.at(-1)?.at ?? 0) - offeredAt) / 1_000,
    assigned: events.filter(({ event }) => event.state === 'assigned').length,
    accepted,
    reopened,
  };
}

/** Tells when the node's own job is offered. */
function watchOffers({ peer }: WaitingNode, onOffer: (job: string) => void): () => void {
  const { transport } = peer;
  const publish = transport.publish.bind(transport);
  transport.publish = (topic, signed) => {
    if (signed.message.kind === 'offer') onOffer(signed.message.job);
    return publish(topic, signed);
  };
  return () => {
    transport.publish = publish;
  };
}

function cancel(): null {
  cancellation.abort(new Error('cancelled'));
  cancellation = new AbortController();
  return null;
}

function measure(): WaitingMeasurement {
  const { user, system } = process.cpuUsage();
  const paths = nodes.flatMap(({ peer }) => peer.transport.status());
  return {
    memory: process.memoryUsage.rss() - idleMemory,
    cpu: (user + system) / 1e6,
    messages: paths.reduce((sum, { delivered }) => sum + delivered, requests),
    bidders: bidders.size,
    connections: nodes.reduce((sum, { peer }) => sum + peer.status().connectedPeers, 0),
    proofs,
    stopped,
    mostAtOnce,
    stages,
  };
}

process.on(
  'message',
  ({ id, order, request }: { id: number; order: keyof WaitingOrders; request: never }) => {
    const answer =
      order === 'prove' ? prove(request) : Promise.resolve(order === 'measure' ? measure() : cancel());
    answer.then(
      (value) => process.send?.({ id, value }),
      (error: unknown) =>
        process.send?.({ id, error: error instanceof Error ? error.message : String(error) }),
    );
  },
);
process.on('disconnect', () => process.exit());
process.send?.({ ready: nodes.flatMap(({ peer }) => peer.status().addresses) });
