import type { Proof } from './certificate.ts';
import type { EdgeType, Hex32 } from './edge.ts';
import type { Circuit } from './manifest.ts';
import type { Trust } from './srs.ts';

/** A circuit's verifying artifacts by role, as `Circuit.artifacts` names them; digests have been checked. */
export type Artifacts = Readonly<Record<string, Uint8Array>>;

/** What the verifying data themselves say, to be held against the manifest. */
export interface CircuitDescription {
  inputs: readonly EdgeType[];
  outputs: readonly EdgeType[];
  /** SRS ids that the verifying data carry. */
  srs: readonly Hex32[];
  output: Circuit['output'];
  /**
   * What keys claim to be worth that come from a setup of their own, on top of the SRS; only an audit can confirm it.
   * A circuit that has neither this nor an SRS counts as `development`.
   */
  trust?: Trust;
  /** Settings that no certificate may rest on, in words; empty when there are none. */
  weaknesses: readonly string[];
}

/** One engine's view of a proof. */
export interface Opinion {
  engine: string;
  verdict: 'valid' | 'invalid' | 'unavailable';
  reason?: string;
}

/** All that one proof's check needs. `srs` is [s]G2 of the circuit's SRS, 128 bytes as `srsId` takes them, tied to its id. */
export interface ProofCheck {
  circuit: Circuit;
  artifacts: Artifacts;
  proof: Proof;
  srs: Uint8Array;
  /** The field element that the proof must be bound to, where the proof system binds one; 0 unless given. */
  context?: bigint;
  signal?: AbortSignal;
}

/** Commits to tensors as a proof system's `kzg` ports do. */
export interface KzgScheme {
  /**
   * Reads an SRS file and checks that all its powers are those of one secret. Says nothing about who knows it.
   *
   * @throws TesseraError `SRS_INVALID`, or `ABORTED`
   */
  inspectSrs(file: Uint8Array, signal?: AbortSignal): Promise<{ id: Hex32; k: number }>;
  /**
   * The canonical commitment to a block's values.
   *
   * @param srs the SRS file of the type's id and k, inspected
   * @throws TesseraError `INPUT_INVALID` or `SRS_INVALID` for what does not fit the type, or `ABORTED`
   */
  commit(
    type: EdgeType,
    values: readonly bigint[],
    srs: Uint8Array,
    signal?: AbortSignal,
  ): Promise<Uint8Array>;
}

/** Verifies the proofs of one adapter. Free of file and network access; every input may be hostile. */
export interface ProofVerifier {
  readonly adapter: string;
  /** @throws TesseraError `ENCODING_INVALID` when an artifact is malformed. */
  describe(circuit: Circuit, artifacts: Artifacts): CircuitDescription;
  /**
   * What the proof binds at every port, in the scheme's canonical bytes
   * (`kzg`: 64 bytes x ‖ y a point, big-endian, reduced, on the curve; `poseidon2`: 32 bytes big-endian, below r;
   * `public`: as much for each value).
   * @throws TesseraError `ENCODING_INVALID` for a non-canonical value or a proof of the wrong length.
   */
  boundary(circuit: Circuit, proof: Proof): { inputs: readonly Uint8Array[]; outputs: readonly Uint8Array[] };
  /** Where the proof system has `kzg` ports. */
  readonly kzg?: KzgScheme;
  /** The engines' verdicts; a proof is valid when at least one says so and none disagrees. */
  verify(check: ProofCheck): Promise<readonly Opinion[]>;
}
