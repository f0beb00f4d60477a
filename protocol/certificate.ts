import type { Hex32 } from './edge.ts';
import type { Manifest } from './manifest.ts';

/** One segment's proof: the prover's bytes, and its public inputs as integers below r. */
export interface Proof {
  publicInputs: readonly bigint[];
  bytes: Uint8Array;
}

/** Integers that an edge of the whole is said to carry, with the floats they stand for where they were given. */
export interface Statement {
  edge: number;
  /** All elements of the tensor, row-major. */
  values: readonly bigint[];
  /** As the requester gave them; requantised and compared by the check. */
  floats?: Float64Array;
}

/** A job on a chain, and who proved it: what its proofs are bound to, where their proof system binds a context. */
export interface ChainBinding {
  chainId: bigint;
  /** The market's address: 20 bytes in lower-case hexadecimal, without prefix. */
  market: string;
  job: Hex32;
  /** The account that each segment's proof was made for, as the market's address. */
  provers: readonly string[];
}

/** One job's outcome in one self-contained file that anyone can check offline. */
export interface Certificate {
  manifest: Manifest;
  /** Verifying keys, settings, VKAs, verifier code and SRS data, by sha2-256. */
  artifacts: ReadonlyMap<Hex32, Uint8Array>;
  /** What verification needs of each SRS, by SRS id: the digest of an artifact. */
  srs: ReadonlyMap<Hex32, Hex32>;
  /** Whole SRS files, by SRS id: the digest of an artifact. Needed where an input or output of the whole is committed, to commit to its tensor again. */
  srsFiles: ReadonlyMap<Hex32, Hex32>;
  /** Commitment of every block, `commitments[edge][block]`, in its scheme's canonical bytes. */
  commitments: readonly (readonly Uint8Array[])[];
  /** Proof of each segment, or null for one that is unproven (such a certificate does not verify). */
  proofs: readonly (Proof | null)[];
  /** The opened inputs and outputs; an edge of the whole without one stays a commitment. */
  statements: readonly Statement[];
  /** Absent where the proofs were made for nobody in particular: their context is 0. */
  chain?: ChainBinding;
}
