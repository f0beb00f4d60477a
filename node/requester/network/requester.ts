import type { Certificate } from '../../../protocol/certificate.ts';
import { checkKeys } from '../../../protocol/check/keys.ts';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import type { MessageOf, Offer, SignedMessage } from '../../../protocol/messages/index.ts';
import type { KindHandlers } from '../../job/message-router.ts';
import type { Signer } from '../../job/signer.ts';
import type { Reach } from '../../network/connection-keeper.ts';
import type { Transport } from '../../network/transport.ts';
import type { RunOptions } from '../../progress.ts';
import type { Blindings } from '../blindings.ts';
import type { Job, JobModules } from '../job.ts';
import { SegmentProgress } from '../segment-progress.ts';
import { EdgeJudge } from './edge-judge.ts';
import { type FixedJob, fixJob, jobHold } from './fix-job.ts';
import { audienceOf, type JobAudience, type JobAudienceComponents } from './job-audience.ts';
import type { JobInbox } from './job-inbox.ts';
import { JobOffer } from './job-offer.ts';
import type { JobRecords } from './job-record.ts';
import { JobTurns } from './job-turns.ts';
import { NetworkJob } from './network-job.ts';
import { defaultNetworkJobTimings, type NetworkJobTimings } from './network-job-timings.ts';
import { ProofJudge } from './proof-judge.ts';
import { schedule } from './schedule.ts';
import type { SegmentEvent } from './segment-event.ts';
import { summariseNeeds } from './segment-need.ts';
import type { WorkerDirectory } from './worker-directory.ts';
import { WorkerLink } from './worker-link.ts';

export interface RequesterComponents extends JobAudienceComponents {
  signer: Signer;
  transport: Pick<Transport, 'publish' | 'subscribe'>;
  directory: WorkerDirectory;
  records: JobRecords;
  /** Multiaddrs by which this node can be dialled. */
  addresses: () => readonly string[];
  reach: () => Reach;
  timings?: Partial<NetworkJobTimings>;
}

export interface NetworkProofOptions extends RunOptions {
  /** The most that is paid for a million units of the cost model; nothing unless given. */
  price?: bigint;
  onSegment?: (event: SegmentEvent) => void;
  /** The only peers that may have its segments, by their Ed25519 public keys: tensors go encrypted, and to them only. */
  invited?: readonly Hex32[];
}

/** A certificate, and the blinding values that open its commitments. */
export interface ProvenJob {
  certificate: Certificate;
  blindings: Blindings;
  /** Forgets the job's proofs, once the certificate is in a safe place; until then the job can be taken up again. */
  forget: () => Promise<void>;
}

/** Proves jobs by the network's workers. */
export class Requester {
  readonly #components: RequesterComponents;
  readonly #jobs = new Map<Hex32, NetworkJob>();
  readonly #turns = new JobTurns();
  /** Jobs of an earlier run of this node that may be taken up: their workers go on. */
  #interrupted = new Set<Hex32>();
  #unsubscribe: (() => void) | undefined;

  constructor(components: RequesterComponents) {
    this.#components = components;
  }

  /** What it answers to peers. */
  readonly handlers: KindHandlers = {
    bid: async (signed) => {
      this.#noteBid(signed, true);
      return undefined;
    },
    progress: (signed) => this.#forward(signed, (inbox) => inbox.onProgress(signed)),
    refusal: (signed) => this.#forward(signed, (inbox) => inbox.onRefusal(signed)),
    submission: (signed) => this.#forward(signed, (inbox) => inbox.onSubmission(signed)),
    'edge-mismatch': (signed) => this.#forward(signed, (inbox) => inbox.onMismatch(signed)),
  };

  async start(): Promise<void> {
    const { directory, records, artifacts } = this.#components;
    await directory.load();
    for (const id of await records.forgetOld()) await artifacts.release(jobHold(id));
    this.#interrupted = await records.interrupted();
    this.#unsubscribe = this.#components.transport.subscribe('bids', (signed) => {
      if (signed.message.kind === 'bid') this.#noteBid(signed as SignedMessage<MessageOf<'bid'>>);
    });
  }

  /** How many entries each table of workers has that peers fill. */
  get workerTables(): WorkerDirectory['sizes'] {
    return this.#components.directory.sizes;
  }

  stop(): void {
    this.#unsubscribe?.();
  }

  /**
   * Has a job's segments proven by other peers. What an earlier run of the same job came to is taken up.
   *
   * @throws TesseraError as {@link NetworkJob.run}, {@link audienceOf} and {@link fixJob}
   */
  async prove(job: Job, modules: JobModules, options: NetworkProofOptions = {}): Promise<ProvenJob> {
    const { signal = new AbortController().signal, invited } = options;
    const { signer, records } = this.#components;
    const audience = audienceOf(job, invited, this.#components);
    const fixed = await fixJob({ job, audience, sender: signer.sender, records }, modules, options);
    const { id, draft, commitments, record } = fixed;
    try {
      const run = this.#open(fixed, audience, modules, options);
      this.#jobs.set(id, run);
      const proofs = await run.run(signal);
      const certificate = { ...draft, commitments, proofs };
      return { certificate, blindings: fixed.job.blindings, forget: () => record.delete() };
    } finally {
      this.#jobs.delete(id);
      this.#interrupted.delete(id);
      record.close();
      await audience.artifacts.release(jobHold(id));
    }
  }

  #open(
    { id, nonce, manifest, job, draft, commitments, srsFiles, needs, published, record }: FixedJob,
    { invited, say }: JobAudience,
    { provers, verifiers }: JobModules,
    { signal, onProgress, onSegment, price = 0n }: NetworkProofOptions,
  ): NetworkJob {
    const { signer, artifacts, requests, directory, addresses, reach, log, timings } = this.#components;
    const deadline = signer.now() + maxJobMs;
    const signOffer = () =>
      signer.sign<Offer>({
        kind: 'offer',
        job: id,
        nonce,
        manifest,
        commitments: published.commitments,
        access: invited === undefined ? 'open' : 'invited',
        needs: summariseNeeds(job, needs),
        price,
        deadline,
        addresses: addresses(),
      });
    const jobOffer = new JobOffer(signOffer, () => signer.now());
    const offer = () => jobOffer.current;
    const keys = checkKeys({ ...draft, commitments, proofs: [] }, verifiers);
    const { segments } = draft.manifest.graph;
    const progress = new SegmentProgress('prove', job.plans, onProgress === undefined ? {} : { onProgress });
    return new NetworkJob(
      {
        ...{ id, offer, published, needs },
        ...(invited === undefined ? {} : { invited }),
        ...(timings === undefined ? {} : { timings }),
      },
      {
        ...{ signer, directory, record, reach, log, turns: this.#turns },
        policy: schedule({ price, trial: { ...defaultNetworkJobTimings, ...timings }.trial / 1_000 }),
        link: new WorkerLink({ requests, directory, offer }),
        proofs: new ProofJudge({ segments, keys, commitments }, artifacts),
        edges: new EdgeJudge({ job, commitments, srsFiles }, { provers, verifiers }),
        sayOffer: () => say(jobOffer.renew(), signal),
        // A job is withdrawn as it is cancelled: that it was is said all the same.
        announce: (message) => say(message),
        onAlone: (message) => onProgress?.({ type: 'note', message }),
        onEvent: (event) => {
          if (event.state === 'accepted') progress.finish(event.id);
          onSegment?.(event);
        },
      },
    );
  }

  #noteBid(signed: SignedMessage<MessageOf<'bid'>>, isMet = false): void {
    if (!this.#components.directory.note(signed, isMet)) return;
    for (const job of this.#jobs.values()) job.onBid(signed.message.sender);
    this.#turns.poke();
  }

  /**
   * What concerns a job that is over is answered so that its worker stops; of one that was interrupted, it goes on, and
   * says later what it has to say.
   */
  async #forward(
    { message }: SignedMessage<MessageOf<'progress' | 'refusal' | 'submission' | 'edge-mismatch'>>,
    act: (inbox: JobInbox) => Promise<SignedMessage | undefined>,
  ): Promise<SignedMessage | undefined> {
    const job = this.#jobs.get(message.job);
    if (job !== undefined) return act(job.inbox);
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

/** The longest time that a job is offered for. */
const maxJobMs = 7 * 24 * 3_600_000;
