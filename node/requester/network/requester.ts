import { randomBytes } from 'node:crypto';
import type { Certificate } from '../../../protocol/certificate.ts';
import { checkKeys } from '../../../protocol/check/keys.ts';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { manifestDigest, sha256Hex } from '../../../protocol/ids.ts';
import { encodeTensor } from '../../../protocol/job/index.ts';
import { jobId, type MessageOf, type Offer, type SignedMessage } from '../../../protocol/messages/index.ts';
import type { ArtifactAccess } from '../../job/artifact-access.ts';
import type { KindHandlers } from '../../job/message-router.ts';
import type { Signer } from '../../job/signer.ts';
import type { RequestProtocol } from '../../network/request-protocol.ts';
import type { Transport } from '../../network/transport.ts';
import type { Logger } from '../../peer/log.ts';
import type { RunOptions } from '../../progress.ts';
import type { Blindings } from '../blindings.ts';
import { draftJobCertificate, type Job, type JobModules } from '../job.ts';
import { srsFiles } from '../srs-files.ts';
import { EdgeJudge } from './edge-judge.ts';
import { fixCommitments } from './fix-commitments.ts';
import { JobOffer } from './job-offer.ts';
import { type JobRecords, newJobRecord } from './job-record.ts';
import { NetworkJob, type NetworkJobTimings } from './network-job.ts';
import { ProofJudge } from './proof-judge.ts';
import { publishSegments } from './publish-segments.ts';
import { schedule } from './schedule.ts';
import type { SegmentEvent } from './segment-event.ts';
import { needsOf, summariseNeeds } from './segment-need.ts';
import type { WorkerDirectory } from './worker-directory.ts';
import { WorkerLink } from './worker-link.ts';

export interface RequesterComponents {
  signer: Signer;
  requests: Pick<RequestProtocol, 'request'>;
  transport: Pick<Transport, 'publish' | 'subscribe'>;
  artifacts: ArtifactAccess;
  directory: WorkerDirectory;
  records: JobRecords;
  /** Multiaddrs by which this node can be dialled. */
  addresses: () => readonly string[];
  log: Logger;
  timings?: Partial<NetworkJobTimings>;
}

export interface NetworkProofOptions extends RunOptions {
  /** The most that is paid for a million units of the cost model; nothing unless given. */
  price?: bigint;
  onSegment?: (event: SegmentEvent) => void;
}

/** A certificate, and the blinding values that open its commitments. */
export interface ProvenJob {
  certificate: Certificate;
  blindings: Blindings;
}

/** Proves jobs by the network's workers. */
export class Requester {
  readonly #components: RequesterComponents;
  readonly #jobs = new Map<Hex32, NetworkJob>();
  /** Jobs of an earlier run of this node that may be taken up: their workers go on. */
  #interrupted = new Set<Hex32>();
  #unsubscribe: (() => void) | undefined;

  constructor(components: RequesterComponents) {
    this.#components = components;
  }

  /** What it answers to peers. */
  readonly handlers: KindHandlers = {
    bid: async (signed) => {
      this.#noteBid(signed);
      return undefined;
    },
    progress: (signed) => this.#forward(signed, (job) => job.onProgress(signed)),
    refusal: (signed) => this.#forward(signed, (job) => job.onRefusal(signed)),
    submission: (signed) => this.#forward(signed, (job) => job.onSubmission(signed)),
    'edge-mismatch': (signed) => this.#forward(signed, (job) => job.onMismatch(signed)),
  };

  async start(): Promise<void> {
    await this.#components.directory.load();
    this.#interrupted = await this.#components.records.interrupted();
    this.#unsubscribe = this.#components.transport.subscribe('bids', (signed) => {
      if (signed.message.kind === 'bid') this.#noteBid(signed as SignedMessage<MessageOf<'bid'>>);
    });
  }

  stop(): void {
    this.#unsubscribe?.();
  }

  /**
   * Has a job's segments proven by other peers. What an earlier run of the same job came to is taken up.
   *
   * @throws TesseraError as {@link NetworkJob.run}
   */
  async prove(
    job: Job,
    { provers, verifiers }: JobModules,
    options: NetworkProofOptions = {},
  ): Promise<ProvenJob> {
    const { signal = new AbortController().signal, onProgress, onSegment, price = 0n } = options;
    const { signer, artifacts, records, transport, requests, directory, addresses, log, timings } =
      this.#components;
    requireOpen(job);
    const draft = await draftJobCertificate(job, { provers }, options);
    const manifest = manifestDigest(draft.manifest);
    const key = sha256Hex(new TextEncoder().encode(`${manifest} ${inputDigest(job)}`));
    const needs = needsOf(job);
    const record = await records.open(key, needs.length, () => {
      const nonce = randomBytes(32).toString('hex');
      return newJobRecord(jobId(signer.sender, manifest, nonce), nonce, job.blindings);
    });
    const { nonce, blindings } = record;
    const id = jobId(signer.sender, manifest, nonce);
    const bound: Job = { ...job, blindings };
    const files = await srsFiles(job.plans, provers, { signal });
    const commitments = await fixCommitments(bound, verifiers, files, { signal });
    const published = await publishSegments(
      { job: bound, manifest: draft.manifest, commitments, provers, artifacts, announce: 'shared' },
      signal,
    );
    const deadline = signer.now() + maxJobMs;
    const signOffer = () =>
      signer.sign<Offer>({
        kind: 'offer',
        job: id,
        nonce,
        manifest,
        commitments: published.commitments,
        access: 'open',
        needs: summariseNeeds(job, needs),
        price,
        deadline,
        addresses: addresses(),
      });
    const jobOffer = new JobOffer(signOffer, () => signer.now());
    const offer = () => jobOffer.current;

    const total = needs.length;
    const keys = checkKeys({ ...draft, commitments, proofs: [] }, verifiers);
    const { segments } = draft.manifest.graph;
    let done = 0;
    onProgress?.({ type: 'stage', stage: 'prove', done, total });
    const run = new NetworkJob(
      { id, offer, published, needs, ...(timings === undefined ? {} : { timings }) },
      {
        signer,
        directory,
        policy: schedule({ price }),
        link: new WorkerLink({ requests, directory, offer }),
        proofs: new ProofJudge({ segments, keys, commitments }, artifacts),
        edges: new EdgeJudge({ job: bound, commitments, srsFiles: files }, { provers, verifiers }),
        record,
        offer: () => transport.publish('offers', jobOffer.renew()),
        announce: (message) => transport.publish('offers', message),
        log,
        onEvent: (event) => {
          if (event.state === 'accepted') {
            done += 1;
            onProgress?.({ type: 'stage', stage: 'prove', done, total, detail: event.id });
          }
          onSegment?.(event);
        },
      },
    );
    this.#jobs.set(id, run);
    try {
      const proofs = await run.run(signal);
      await record.delete();
      return { certificate: { ...draft, commitments, proofs }, blindings };
    } finally {
      this.#jobs.delete(id);
      this.#interrupted.delete(id);
      await artifacts.release(published.cids);
    }
  }

  #noteBid(signed: SignedMessage<MessageOf<'bid'>>): void {
    if (!this.#components.directory.note(signed)) return;
    for (const job of this.#jobs.values()) job.onBid(signed.message.sender);
  }

  /**
   * What concerns a job that is over is answered so that its worker stops; of one that was interrupted, it goes on, and
   * says later what it has to say.
   */
  async #forward(
    { message }: SignedMessage<SegmentMessage>,
    act: (job: NetworkJob) => Promise<SignedMessage | undefined>,
  ): Promise<SignedMessage | undefined> {
    const job = this.#jobs.get(message.job);
    if (job !== undefined) return act(job);
    if (!this.#interrupted.has(message.job)) {
      return this.#components.signer.sign<MessageOf<'cancellation'>>({
        kind: 'cancellation',
        job: message.job,
        reason: 'withdrawn',
      });
    }
    if (message.kind === 'progress') return undefined;
    throw new TesseraError('NETWORK_FAILED', {
      message: `Job ${message.job} was interrupted: nothing of it is taken until it is taken up again`,
    });
  }
}

/** @throws TesseraError `USAGE` for a job that would tell everybody what it is to hide */
function requireOpen({ committed }: Job): void {
  if (!committed.input && !committed.output) return;
  throw new TesseraError('USAGE', {
    message: 'The tensors of a job of the network are public, and --commit keeps some of them secret',
    remedy: 'Prove it on this machine (without --network), or leave --commit out.',
  });
}

type SegmentMessage = MessageOf<'progress' | 'refusal' | 'submission' | 'edge-mismatch'>;

/** The longest time that a job is offered for. */
const maxJobMs = 7 * 24 * 3_600_000;

function inputDigest({ compiled, values }: Job): Hex32 {
  const { graph } = compiled;
  const digests = [...values]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, tensor]) => `${name} ${sha256Hex(encodeTensor(tensor))}`);
  return sha256Hex(new TextEncoder().encode(`${graph.inputs.join(',')}\n${digests.join('\n')}`));
}
