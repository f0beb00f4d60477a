import type { Proof } from '../../protocol/certificate.ts';
import type { Circuit } from '../../protocol/manifest.ts';
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
  memoryLimit?: number;
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
export type PortScheme = 'public' | 'kzg';

/** A segment as a prover gets it: a small model whose inputs and outputs are the segment's ports. */
export interface SegmentSource {
  model: Model;
  inputs: readonly PortScheme[];
  outputs: readonly PortScheme[];
  /** The scale that every input comes in with (fractional bits), per port. */
  inputScales: readonly number[];
}

/** A compiled segment. `circuit` goes into the manifest; `files` are what proving needs, by role. */
export interface CompiledSegment {
  circuit: Circuit;
  /** Identifies the compiled segment in the cache. */
  key: string;
  rows: number;
  /** Bytes that proving is expected to use at its peak. */
  provingMemory: number;
}

/** A segment's boundary in integers, row-major, one array a port. */
export interface Boundary {
  inputs: readonly (readonly bigint[])[];
  outputs: readonly (readonly bigint[])[];
}

/** A proof system behind one interface. Implementations run the heavy work in processes of their own. */
export interface Prover<Params = unknown> {
  readonly name: string;
  /** `undefined` when the node can be proven. */
  unsupported(model: Model, node: ModelNode): Unsupported | undefined;
  /** Compiles the circuit and makes its keys; both come from the cache when their content is there. */
  compile(source: SegmentSource, params: Params, options?: CallOptions): Promise<CompiledSegment>;
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
    options?: CallOptions,
  ): Promise<Proof>;
  /** The bytes named in `circuit.artifacts`, by role. */
  artifacts(segment: CompiledSegment): Promise<Readonly<Record<string, Uint8Array>>>;
  close(): Promise<void>;
}
