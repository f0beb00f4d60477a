import { randomBytes } from 'node:crypto';
import { maxInvited } from '../../../protocol/access/index.ts';
import type { Certificate } from '../../../protocol/certificate.ts';
import { checkKeys } from '../../../protocol/check/keys.ts';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { manifestDigest, sha256Hex } from '../../../protocol/ids.ts';
import { encodeTensor } from '../../../protocol/job/index.ts';
import {
  jobId,
  type MessageOf,
  type Offer,
  peerIdOf,
  type SignedMessage,
} from '../../../protocol/messages/index.ts';
import { type PrivateArtifacts, requireHiding } from '../../access/index.ts';
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
  /** Where what only invited peers may have is lent from; without it, all jobs are open. */
  privateArtifacts?: Pick<PrivateArtifacts, 'lendTo'>;
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
  /** The only peers that may have its segments, by their Ed25519 public keys: tensors go encrypted, and to them only. */
  invited?: readonly Hex32[];
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
    const { signal = new AbortController().signal, onProgress, onSegment, price = 0n, invited } = options;
    const { signer, artifacts, records, transport, requests, directory, addresses, log, timings } =
      this.#components;
    const guests = this.#guestsOf(job, invited);
    const access = guests === undefined ? 'open' : 'invited';
    const shelf = guests?.artifacts ?? artifacts;
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
      {
        job: bound,
        manifest: draft.manifest,
        commitments,
        provers,
        artifacts: shelf,
        announce: 'shared',
        ...(guests === undefined ? {} : { invited: { job: id, peers: guests.workers } }),
      },
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
        access,
        needs: summariseNeeds(job, needs),
        price,
        deadline,
        addresses: addresses(),
      });
    const jobOffer = new JobOffer(signOffer, () => signer.now());
    const offer = () => jobOffer.current;

    const say = async (message: SignedMessage<Offer | MessageOf<'cancellation'>>) => {
      if (guests === undefined) await transport.publish('offers', message);
      else await this.#tellEach(guests.workers, message, signal);
    };

    const total = needs.length;
    const keys = checkKeys({ ...draft, commitments, proofs: [] }, verifiers);
    const { segments } = draft.manifest.graph;
    let done = 0;
    onProgress?.({ type: 'stage', stage: 'prove', done, total });
    const run = new NetworkJob(
      {
        id,
        offer,
        published,
        needs,
        ...(guests === undefined ? {} : { invited: guests.workers }),
        ...(timings === undefined ? {} : { timings }),
      },
      {
        signer,
        directory,
        policy: schedule({ price }),
        link: new WorkerLink({ requests, directory, offer }),
        proofs: new ProofJudge({ segments, keys, commitments }, artifacts),
        edges: new EdgeJudge({ job: bound, commitments, srsFiles: files }, { provers, verifiers }),
        record,
        offer: () => say(jobOffer.renew()),
        announce: say,
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
      await shelf.release(published.cids);
    }
  }

  /** @throws TesseraError `USAGE` for a job that would tell everybody what it is to hide, `UNPROVABLE` */
  #guestsOf(job: Job, invited: readonly Hex32[] | undefined) {
    const { privateArtifacts } = this.#components;
    if (invited === undefined || privateArtifacts === undefined) {
      if (invited !== undefined) {
        throw new TesseraError('USAGE', { message: 'This node has no place for jobs of invited peers' });
      }
      requireOpen(job);
      return undefined;
    }
    requireHiding(job);
    const workers = new Set(invited);
    if (workers.size === 0 || workers.size > maxInvited) {
      throw new TesseraError('USAGE', { message: `A job is for 1 to ${maxInvited} invited peers` });
    }
    return { workers, artifacts: privateArtifacts.lendTo(new Set(invited.map(peerIdOf))) };
  }

  /** To the peers of an invited job; one that cannot be reached now may be later. */
  async #tellEach(workers: Iterable<Hex32>, message: SignedMessage, signal: AbortSignal): Promise<void> {
    const { requests, directory, log } = this.#components;
    const told = [...workers].map(async (worker) => {
      try {
        await requests.request(directory.sourceOf(worker), message, { signal, timeout: tellMs });
      } catch (error) {
        log.debug({ err: error, worker }, 'an invited peer cannot be reached');
      }
    });
    await Promise.all(told);
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
    remedy:
      'Have invited peers prove it (--invite), prove it on this machine (without --network), or leave --commit out.',
  });
}

type SegmentMessage = MessageOf<'progress' | 'refusal' | 'submission' | 'edge-mismatch'>;

/** Milliseconds to tell an invited peer something. */
const tellMs = 5_000;

/** The longest time that a job is offered for. */
const maxJobMs = 7 * 24 * 3_600_000;

function inputDigest({ compiled, values }: Job): Hex32 {
  const { graph } = compiled;
  const digests = [...values]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, tensor]) => `${name} ${sha256Hex(encodeTensor(tensor))}`);
  return sha256Hex(new TextEncoder().encode(`${graph.inputs.join(',')}\n${digests.join('\n')}`));
}
