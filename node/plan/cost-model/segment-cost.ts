/** What proving one segment is expected to take on a machine like the measured one, in one process. */
export interface SegmentCost {
  /** `ezkl` or `groth16`. */
  prover: string;
  /** Rows of one column (ezkl), or rank-one constraints (groth16). */
  constraints: number;
  /** log2 of the circuit's rows, where the proof system has such a size. */
  k?: number;
  setupSeconds: number;
  proveSeconds: number;
  /** Peak resident memory of the prover's process. */
  setupBytes: number;
  proveBytes: number;
  provingKeyBytes: number;
  proofBytes: number;
}
