import type { Proof } from '../../protocol/certificate.ts';
import type { EdgeType, Hex32 } from '../../protocol/edge.ts';
import type { Circuit } from '../../protocol/manifest.ts';
import type { CachedFile } from '../artifacts/cache-entry.ts';
import type { Model, ModelNode } from '../model/model.ts';

/** What long work reports while it goes on. */
export type ProverEvent =
  | { type: 'prover:start'; step: ProverStep }
  | { type: 'prover:end'; step: ProverStep; seconds: number; peakBytes: number; cached: boolean }
  | { type: 'prover:log'; line: string };

export type ProverStep = 'compile' | 'setup' | 'execute' | 'prove' | 'verify' | 'srs';

/** Every long call takes these; limits hold for the prover's process, not for the node. */
export interface CallOptions {
  signal?: AbortSignal;
  onProgress?: (event: ProverEvent) => void;
  /** Bytes of resident memory the prover's process may use. */
  memoryLimit: number;
  /** Milliseconds until the call is given up. */
  timeout?: number;
}

/** Why a node cannot be proven. */
export interface Unsupported {
  node: string;
  operator: string;
  reason: string;
  remedy: string;
}

/** How one end of a segment is bound: decided by the plan, per port. */
export type PortScheme = 'public' | 'kzg' | 'poseidon2';

/** One end of a segment before it is compiled. */
export interface Port {
  scheme: PortScheme;
  /** `poseidon2` only: whether a blinding value hides the tensor. */
  blinded: boolean;
  /**
   * What the other end binds, where that is settled; the prover's own choice where it is left out. A public tensor of
   * a narrower interval may be proven: the port then says the wider one.
   */
  settled?: Partial<Pick<EdgeType, 'scale' | 'interval'>>;
}

/** A segment as a prover gets it: a small model whose inputs and outputs are the segment's ports. */
export interface SegmentSource {
  model: Model;
  inputs: readonly Port[];
  outputs: readonly Port[];
}

/** A compiled segment. `circuit` goes into the manifest; the prover finds all else in the cache, by `key`. */
export interface CompiledSegment {
  circuit: Circuit;
  /** Identifies the compiled segment in the cache. */
  key: string;
  /** Rows (ezkl) or rank-one constraints (groth16). */
  constraints: number;
  /** Bytes that proving is expected to use at its peak. */
  provingMemory: number;
}

/** What a manifest says of a circuit, for an audit. */
export interface StatedCircuit {
  circuit: Circuit;
  /** Its verifying artifacts by role, where a certificate carries them. */
  artifacts: Readonly<Record<string, Uint8Array>>;
}

/** A segment's boundary in integers, row-major, one array a port. */
export interface Boundary {
  inputs: readonly (readonly bigint[])[];
  outputs: readonly (readonly bigint[])[];
}

/** What a proof is bound to besides its boundary; all of it absent for a prover that has none of it. */
export interface ProveOptions extends CallOptions {
  /** A field element that the proof is bound to, where the prover holds one; 0 unless given. */
  context?: bigint;
  blindings?: PortBlindings;
}

/** The blinding value of every blinded port, by port; below r. */
export interface PortBlindings {
  inputs: readonly (bigint | undefined)[];
  outputs: readonly (bigint | undefined)[];
}

/** A file of keys. */
export interface KeyFile extends CachedFile {
  path: string;
}

/** A peer's keys, to be taken instead of being made. */
export interface ReadyKeys {
  /** What the peer says their sha2-256 are, by role. */
  digests: Readonly<Record<string, Hex32>>;
  /**
   * Writes the file of a role, held to its digest, to a path; called only where no keys of the segment are here.
   *
   * @returns false where the peer has none of this role
   */
  fetch(role: string, path: string): Promise<boolean>;
}

export interface OpenOptions extends CallOptions {
  /** Keys that need not be made, where the prover gives such: see {@link Prover.exportReadyKeys}. */
  readyKeys?: ReadyKeys;
}

/**
 * A proof system behind one interface. Implementations run the heavy work in processes of their own. `params` are the
 * prover's parameters of a circuit, as the plan chose them, in the canonical JSON that the manifest's recipe carries.
 */
export interface Prover {
  readonly name: string;
  /** The scheme in which its circuits commit to edges, and whether all ports of one side of a segment share one. */
  readonly binding: { scheme: Exclude<PortScheme, 'public'>; perSide: boolean };
  /** `undefined` when the node can be proven. */
  unsupported(model: Model, node: ModelNode): Unsupported | undefined;
  /** Bytes that making the circuit's keys is expected to use at its peak. */
  setupMemory(source: SegmentSource, params: string, options?: CallOptions): Promise<number>;
  /** Compiles the circuit and makes its keys; both come from the cache when their content is there. */
  compile(source: SegmentSource, params: string, options?: CallOptions): Promise<CompiledSegment>;
  /**
   * Makes a stated circuit again, for an audit. Absent where `compile` always makes the same keys. Keys of a random
   * setup cannot be made again: the stated ones stand in the result as far as they belong to the circuit that was made.
   */
  rebuild?(
    source: SegmentSource,
    params: string,
    stated: StatedCircuit,
    options?: CallOptions,
  ): Promise<CompiledSegment>;
  /**
   * Files that a peer needs to prove the segment besides its model, by role: its keys, or what they are made from. They
   * stay in place until the segment is released.
   */
  exportKeys(segment: CompiledSegment, options?: CallOptions): Promise<ReadonlyMap<string, string>>;
  /**
   * Keys that a peer may take instead of making them, by role; absent where a peer cannot make them, so that
   * {@link exportKeys} gives them.
   */
  exportReadyKeys?(segment: CompiledSegment): Promise<ReadonlyMap<string, KeyFile>>;
  /**
   * Opens another peer's segment. The circuit is compiled here; keys are made from, or taken from, the peer's files,
   * which may be hostile. The circuit that results is the stated one. With ready keys that are no keys of it, opening
   * or proving fails: nothing else comes of them.
   *
   * @param files as {@link exportKeys} of the peer gave them, by role
   * @throws TesseraError `PROVER_FAILED` when model and parameters give another circuit than the stated one, or the
   *   files are not its keys
   */
  openSegment(
    source: SegmentSource,
    params: string,
    stated: Circuit,
    files: ReadonlyMap<string, string>,
    options?: OpenOptions,
  ): Promise<CompiledSegment>;
  /** Runs the segment in the circuit's own arithmetic. Inputs are integers at the ports' scales. */
  execute(
    segment: CompiledSegment,
    inputs: readonly (readonly bigint[])[],
    options?: CallOptions,
  ): Promise<Boundary>;
  /** Proves one execution. The proof has been verified before it is returned. */
  prove(
    segment: CompiledSegment,
    inputs: readonly (readonly bigint[])[],
    options?: ProveOptions,
  ): Promise<Proof>;
  /** The bytes named in `circuit.artifacts`, by role. */
  artifacts(segment: CompiledSegment): Promise<Readonly<Record<string, Uint8Array>>>;
  /** Paths of the SRS files that circuits of these parameters rest on, by SRS id; empty for a proof system without. */
  srsFiles(params: string, options?: CallOptions): Promise<ReadonlyMap<Hex32, string>>;
  /**
   * Lets go of a segment that was compiled or opened here, which is not to be used any more: its files make room where
   * it is needed. Closing the prover lets go of all.
   */
  release(segment: CompiledSegment): Promise<void>;
  close(): Promise<void>;
}
