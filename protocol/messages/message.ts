import type { Hex32 } from '../edge.ts';

/** A CIDv1 as text: base32, lower case. */
export type Cid = string;

/** What every message says about itself. Times are in milliseconds since 1970, UTC, by the sender's clock. */
export interface MessageHead {
  /** The sender's Ed25519 public key, which is its peer id in another writing. */
  sender: Hex32;
  issued: number;
  /** From then on nobody may act upon it. At most an hour after `issued`. */
  expires: number;
}

/** What a peer can prove with. */
export interface ProverSpeed {
  name: string;
  /** Units of the cost model that it proves per second, as it measured itself. */
  unitsPerSecond: number;
}

/**
 * A standing bid: what its sender has, what it asks, and how much it can take at the moment. The one of the highest
 * `sequence` holds, until it expires.
 */
export interface Bid extends MessageHead {
  kind: 'bid';
  sequence: number;
  cores: number;
  /** Bytes that all its proofs together may use. */
  memory: number;
  gpus: readonly string[];
  provers: readonly ProverSpeed[];
  /** How many segments it takes at once, and how many of those places are free. */
  slots: { total: number; free: number };
  /** The least that it asks for a million units of the cost model, in the smallest unit of the currency. */
  price: bigint;
  /** Multiaddrs by which it can be dialled. */
  addresses: readonly string[];
}

/** Segments of one kind in an offer: what it takes to prove one, and how many there are. */
export interface Need {
  prover: string;
  /** Names the proof format, e.g. `ezkl/23/evm`. */
  adapter: string;
  segments: number;
  /** Units of the cost model that one takes. */
  units: number;
  /** Bytes that proving one takes at its peak. */
  memory: number;
}

/** A job announced. Its id follows from the sender, the manifest and the nonce: nobody else can offer under it. */
export interface Offer extends MessageHead {
  kind: 'offer';
  job: Hex32;
  nonce: Hex32;
  /** Digest of the manifest file, which is an artifact. */
  manifest: Hex32;
  /** Digest of the artifact with the commitments of all edges. */
  commitments: Hex32;
  /** `invited`: its tensors are announced to nobody and go to invited peers only. */
  access: 'open' | 'invited';
  needs: readonly Need[];
  /** The most that is paid for a million units of the cost model, in the smallest unit of the currency. */
  price: bigint;
  /** When the whole job must be done. */
  deadline: number;
  addresses: readonly string[];
}

/** What every message about one segment names. */
export interface SegmentHead extends MessageHead {
  job: Hex32;
  /** The segment's index in the manifest's graph. */
  segment: number;
}

/** The tensor of one block of an edge. */
export interface TensorArtifact {
  edge: number;
  block: number;
  cid: Cid;
}

/** One segment given to one worker, from the requester. */
export interface Assignment extends SegmentHead {
  kind: 'assignment';
  worker: Hex32;
  manifest: Hex32;
  commitments: Hex32;
  /** The bid that it accepts. */
  bid: Hex32;
  /** Counts the assignments of this segment from 0; several may hold at once. */
  attempt: number;
  /** What is needed to prove it, by role: compiled circuit, keys, SRS. */
  artifacts: Readonly<Record<string, Cid>>;
  /** The segment's input tensors. */
  inputs: readonly TensorArtifact[];
  price: bigint;
  /** When the submission must have arrived. */
  deadline: number;
}

/** The stages of a worker's way with one segment. */
export const workerStages = ['queued', 'fetching', 'checking', 'proving', 'proven'] as const;
export type WorkerStage = (typeof workerStages)[number];

/** How far a worker is. Also its first answer to an assignment that it takes: `queued`. */
export interface WorkerProgress extends SegmentHead {
  kind: 'progress';
  /** The id of the assignment. */
  assignment: Hex32;
  stage: WorkerStage;
  /** Of this stage, in thousandths; 0 where the worker cannot tell. */
  done: number;
  /** Milliseconds that are left of the assignment's time. */
  remaining: number;
}

/** A segment's proof, as an artifact that its worker serves. */
export interface Submission extends SegmentHead {
  kind: 'submission';
  assignment: Hex32;
  proof: Cid;
  /** The artifact's length in bytes. */
  size: number;
  /** The artifact itself where it is short; it has the CID above. */
  inline?: Uint8Array;
}

/** The requester needs a segment, or without `segment` the whole job, no longer. */
export interface Cancellation extends MessageHead {
  kind: 'cancellation';
  job: Hex32;
  segment?: number;
  reason: CancellationReason;
}

export const cancellationReasons = ['proven', 'reassigned', 'withdrawn', 'mismatch'] as const;
export type CancellationReason = (typeof cancellationReasons)[number];

/** A worker ran its segment and got another value of a block than the one that the job commits to. */
export interface EdgeMismatch extends SegmentHead {
  kind: 'edge-mismatch';
  assignment: Hex32;
  edge: number;
  block: number;
  /** sha2-256 of the job's commitment, and of the one that the worker computed. */
  committed: Hex32;
  computed: Hex32;
}

/**
 * A node ran a segment of a job on a chain, before it claimed it, and got another value of a block than the job commits
 * to. It is said to everybody; whoever it concerns computes it, too, before acting upon it.
 */
export interface MarketMismatch extends SegmentHead {
  kind: 'market-mismatch';
  /** The job's id on its market, which follows from chain, market and terms. */
  job: Hex32;
  edge: number;
  block: number;
  /** sha2-256 of the job's commitment, and of the one that the node computed. */
  committed: Hex32;
  computed: Hex32;
}

export const refusalReasons = [
  'busy',
  'memory',
  'disk',
  'prover',
  'price',
  'deadline',
  'requester',
  'artifact',
  'failed',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** A worker does not take, or gives back, a segment. */
export interface Refusal extends SegmentHead {
  kind: 'refusal';
  assignment: Hex32;
  reason: RefusalReason;
  /** For people: which limit, by how much. */
  detail: string;
}

/** Everything that peers say to one another about jobs. */
export type Message =
  | Bid
  | Offer
  | Assignment
  | WorkerProgress
  | Submission
  | Cancellation
  | EdgeMismatch
  | MarketMismatch
  | Refusal;

export type MessageKind = Message['kind'];

/** A message of one kind. */
export type MessageOf<K extends MessageKind> = Extract<Message, { kind: K }>;
