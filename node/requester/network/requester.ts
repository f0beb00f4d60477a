import { randomBytes } from 'node:crypto';
import type { Certificate } from '../../../protocol/certificate.ts';
import { checkKeys } from '../../../protocol/check/keys.ts';
import { judgeProof } from '../../../protocol/check/proofs.ts';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { manifestDigest, sha256Hex } from '../../../protocol/ids.ts';
import { type Commitments, encodeTensor } from '../../../protocol/job/index.ts';
import {
  jobId,
  type MessageOf,
  type Need,
  type Offer,
  type SignedMessage,
} from '../../../protocol/messages/index.ts';
import type { ArtifactAccess } from '../../job/artifact-access.ts';
import type { KindHandlers } from '../../job/message-router.ts';
import type { Signer } from '../../job/signer.ts';
import type { RequestProtocol } from '../../network/request-protocol.ts';
import type { Transport } from '../../network/transport.ts';
import type { Logger } from '../../peer/log.ts';
import type { RunOptions } from '../../progress.ts';
import { proverNamed } from '../../provers/provers.ts';
import type { Records } from '../../store/index.ts';
import type { Blindings } from '../blindings.ts';
import { draftJobCertificate, type Job, type JobModules } from '../job.ts';
import { srsFiles } from '../srs-files.ts';
import { fixCommitments } from './fix-commitments.ts';
import type { JobRecord } from './job-record.ts';
import { NetworkJob, type NetworkJobTimings, type SegmentEvent, type SegmentNeed } from './network-job.ts';
import { publishSegments } from './publish-segments.ts';
import { schedule } from './schedule.ts';
import type { WorkerDirectory } from './worker-directory.ts';

export interface RequesterComponents {
  signer: Signer;
  requests: Pick<RequestProtocol, 'request'>;
  transport: Pick<Transport, 'publish' | 'subscribe'>;
  artifacts: ArtifactAccess;
  directory: WorkerDirectory;
  records: Records<JobRecord>;
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
    const { signer, artifacts, records, transport, addresses, log } = this.#components;
    requireOpen(job);
    const draft = await draftJobCertificate(job, { provers }, options);
    const manifest = manifestDigest(draft.manifest);
    const key = sha256Hex(new TextEncoder().encode(`${manifest} ${inputDigest(job)}`));
    const record = (await records.get(key)) ?? newRecord(job);
    const blindings = new Map(Object.entries(record.blindings).map(([name, value]) => [name, BigInt(value)]));
    const bound: Job = { ...job, blindings };
    const files = await srsFiles(job.plans, provers, { signal });
    const commitments = await fixCommitments(bound, verifiers, files, signal);
    const published = await publishSegments(
      { job: bound, manifest: draft.manifest, commitments, provers, artifacts, announce: true },
      signal,
    );
    await records.put(key, record);
    const needs = needsOf(job);
    const offer = signer.sign<Offer>({
      kind: 'offer',
      job: jobId(signer.sender, manifest, record.nonce),
      nonce: record.nonce,
      manifest,
      commitments: published.commitments,
      access: 'open',
      needs: summarise(job, needs),
      price,
      deadline: signer.now() + maxJobMs,
      addresses: addresses(),
    });

    const total = needs.length;
    const keys = checkKeys({ ...draft, commitments, proofs: [] }, verifiers);
    let done = 0;
    onProgress?.({ type: 'stage', stage: 'prove', done, total });
    const run = new NetworkJob(
      {
        offer,
        published,
        needs,
        segments: draft.manifest.graph.segments,
        commitments,
        record,
        ...(this.#components.timings === undefined ? {} : { timings: this.#components.timings }),
      },
      {
        signer,
        requests: this.#components.requests,
        artifacts,
        directory: this.#components.directory,
        policy: schedule({ price }),
        judge: async (index, proof, aborted) => {
          const segment = draft.manifest.graph.segments[index];
          if (segment === undefined) return { problem: 'there is no such segment' };
          const { problems, bound: ports } = await judgeProof(
            segment,
            proof,
            keys.circuits[segment.circuit],
            aborted,
          );
          return problems[0] === undefined ? { ...ports } : { problem: problems[0].message };
        },
        confirm: (index, aborted) =>
          this.#confirm(bound, index, commitments, { provers, verifiers }, files, aborted),
        announce: (message) => transport.publish('offers', message),
        save: (saved) => records.put(key, saved),
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
    this.#jobs.set(run.id, run);
    try {
      // Workers answer an offer by their bids.
      await transport.publish('offers', offer);
      const proofs = await run.run(signal);
      await records.delete(key);
      return { certificate: { ...draft, commitments, proofs }, blindings };
    } finally {
      this.#jobs.delete(run.id);
      await artifacts.release(published.cids);
    }
  }

  #noteBid(signed: SignedMessage<MessageOf<'bid'>>): void {
    if (this.#components.directory.note(signed)) for (const job of this.#jobs.values()) job.poke();
  }

  /** What concerns a job that is not being proven is answered so that its worker stops. */
  async #forward(
    { message }: SignedMessage<SegmentMessage>,
    act: (job: NetworkJob) => Promise<SignedMessage | undefined>,
  ): Promise<SignedMessage | undefined> {
    const job = this.#jobs.get(message.job);
    if (job !== undefined) return act(job);
    return this.#components.signer.sign<MessageOf<'cancellation'>>({
      kind: 'cancellation',
      job: message.job,
      reason: 'withdrawn',
    });
  }

  /** Executes one segment again and commits to what it gives. */
  async #confirm(
    job: Job,
    index: number,
    commitments: Commitments,
    { provers, verifiers }: Pick<JobModules, 'provers' | 'verifiers'>,
    files: ReadonlyMap<Hex32, Uint8Array>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const segment = job.segments[index];
    if (segment === undefined) return false;
    const { plan, compiled } = segment;
    const inputs = plan.inputs.map((name) => job.values.get(name) ?? []);
    const { outputs } = await proverNamed(provers, plan.prover).execute(compiled, inputs, { signal });
    const values = new Map(job.values);
    for (const [port, name] of plan.outputs.entries()) values.set(name, outputs[port] ?? []);
    const again = await fixCommitments({ ...job, values }, verifiers, files, signal);
    const refs = job.compiled.graph.segments[index];
    return [...(refs?.inputs ?? []), ...(refs?.outputs ?? [])].every(
      ({ edge, block }) =>
        Buffer.compare(
          again[edge]?.[block] ?? new Uint8Array(),
          commitments[edge]?.[block] ?? new Uint8Array(),
        ) === 0,
    );
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

/** Units of the cost model are its microseconds of proving on the machine that it was fitted on. */
const unitsPerSecond = 1_000_000;

function needsOf({ plans, segments }: Job): SegmentNeed[] {
  return plans.map(({ id, prover, expected }, index) => ({
    id,
    prover,
    units: Math.max(1, Math.round(unitsPerSecond * expected.proveSeconds)),
    memory: Math.max(expected.proveBytes, segments[index]?.compiled.provingMemory ?? 0),
  }));
}

/** Needs by kind: segments of one prover, with the most that one of them takes. */
function summarise({ segments }: Job, needs: readonly SegmentNeed[]): Need[] {
  const kinds = new Map<string, Need>();
  for (const [index, { prover, units, memory }] of needs.entries()) {
    const adapter = segments[index]?.compiled.circuit.adapter ?? prover;
    const known = kinds.get(adapter);
    kinds.set(adapter, {
      prover,
      adapter,
      segments: (known?.segments ?? 0) + 1,
      units: Math.max(known?.units ?? 0, units),
      memory: Math.round(Math.max(known?.memory ?? 0, memory)),
    });
  }
  return [...kinds.values()];
}

function inputDigest({ compiled, values }: Job): Hex32 {
  const { graph } = compiled;
  const digests = [...values]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, tensor]) => `${name} ${sha256Hex(encodeTensor(tensor))}`);
  return sha256Hex(new TextEncoder().encode(`${graph.inputs.join(',')}\n${digests.join('\n')}`));
}

function newRecord({ blindings }: Job): JobRecord {
  return {
    nonce: randomBytes(32).toString('hex'),
    blindings: Object.fromEntries([...blindings].map(([name, value]) => [name, value.toString()])),
    segments: {},
  };
}
