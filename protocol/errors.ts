/**
 * Every error a person can meet, by its stable code.
 * `exit` is the command line's exit status: 1 the thing asked for did not hold or failed, 2 wrong usage.
 */
export const errorCodes = {
  USAGE: { exit: 2, meaning: 'A flag or an argument is missing, unknown or contradictory.' },
  ABORTED: { exit: 1, meaning: 'The work was cancelled.' },
  MODEL_UNREADABLE: { exit: 1, meaning: 'The file is not an ONNX model, or it is damaged or hostile.' },
  MODEL_INVALID: {
    exit: 1,
    meaning: 'The model breaks a rule of ONNX: a cycle, a duplicate or missing name, …',
  },
  SHAPE_UNKNOWN: { exit: 2, meaning: 'A dimension is dynamic and was not fixed.' },
  INPUT_INVALID: {
    exit: 2,
    meaning: 'An input tensor is missing, unknown, or of the wrong shape, type or range.',
  },
  TENSOR_UNKNOWN: { exit: 2, meaning: 'A named tensor does not exist in the model.' },
  UNPROVABLE: { exit: 1, meaning: 'A segment holds an operator that no installed prover supports.' },
  RANGE_EXCEEDED: { exit: 1, meaning: 'A value leaves the range that the circuit can hold.' },
  PROVER_MISSING: { exit: 1, meaning: 'A prover, or a part it needs, is not installed.' },
  KEYS_MISSING: {
    exit: 1,
    meaning: 'A circuit has no keys of a finished ceremony, and no others are allowed.',
  },
  PROVER_FAILED: { exit: 1, meaning: 'The prover reported an error, or made a proof that does not verify.' },
  PROVER_CRASHED: { exit: 1, meaning: 'The prover process ended before it answered.' },
  MEMORY_EXCEEDED: { exit: 1, meaning: 'The prover used more memory than it was allowed.' },
  DEADLINE_EXCEEDED: { exit: 1, meaning: 'The work took longer than it was allowed.' },
  SRS_INVALID: {
    exit: 1,
    meaning: 'The SRS is malformed, of the wrong size, or not the one that was named.',
  },
  DOWNLOAD_FAILED: { exit: 1, meaning: 'A file could not be fetched, or its digest differs.' },
  ARTIFACT_MISSING: {
    exit: 1,
    meaning: 'An artifact is not in the store, or no reachable peer has it.',
  },
  CERTIFICATE_DAMAGED: {
    exit: 1,
    meaning: 'The bytes are not a certificate, or differ from their own digest.',
  },
  ENCODING_INVALID: { exit: 1, meaning: 'Bytes are not in the one canonical encoding, or exceed a limit.' },
  STORAGE_FAILED: { exit: 1, meaning: 'The disk refused a read or a write.' },
  NETWORK_FAILED: { exit: 1, meaning: 'A peer could not be reached, or did not answer as agreed.' },
  TRANSPORT_MISSING: { exit: 1, meaning: 'A transport that the configuration asks for is not installed.' },
  WORKER_MISSING: { exit: 1, meaning: 'No worker of the network suits a segment, or none proved it.' },
  EDGE_MISMATCH: {
    exit: 1,
    meaning: 'A segment gives other values of an edge than the job has committed to.',
  },
  NODE_MISSING: { exit: 1, meaning: 'No node runs on this data directory.' },
  NODE_RUNNING: { exit: 1, meaning: 'Another process runs a node on this data directory.' },
  API_REFUSED: { exit: 1, meaning: 'The node’s local API refused the request: no token, or another node’s.' },
  ACCESS_REFUSED: {
    exit: 1,
    meaning: 'Something encrypted does not open: it was altered, or is for another peer or another place.',
  },
  IDENTITY_INVALID: { exit: 1, meaning: 'A file holds no identity, or another one already exists.' },
  CONFIGURATION_INVALID: {
    exit: 2,
    meaning: 'A setting of the configuration is unknown, or has a value that it cannot have.',
  },
  CHAIN_MISSING: { exit: 1, meaning: 'The contracts, or the chain itself, are not there yet.' },
  CHAIN_FAILED: { exit: 1, meaning: 'The chain could not be reached, or did not do what it was asked.' },
  CHAIN_REFUSED: { exit: 1, meaning: 'A contract refuses the call; nothing was sent, or it failed.' },
  KEYSTORE_INVALID: { exit: 1, meaning: 'A file holds no encrypted key, or the password is not its.' },
  JOB_MISMATCH: { exit: 1, meaning: 'What was given of a job is not what its terms on chain name.' },
  CLAIM_REFUSED: { exit: 1, meaning: 'This node does not claim the segment: it would risk its bond.' },
  INTERNAL: { exit: 1, meaning: 'A fault of this program.' },
} as const;

export type ErrorCode = keyof typeof errorCodes;

export interface TesseraErrorInit {
  /** What happened, to which input. */
  message: string;
  /** What the person can do about it. */
  remedy?: string;
  /** Facts for programs: names, limits, digests. Must survive JSON. */
  details?: Record<string, unknown>;
  cause?: unknown;
}

/** The one error class: a stable code, what happened to which input, and what to do. */
export class TesseraError extends Error {
  override readonly name = 'TesseraError';
  readonly code: ErrorCode;
  readonly remedy: string | undefined;
  readonly details: Record<string, unknown>;

  constructor(code: ErrorCode, init: TesseraErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = code;
    this.remedy = init.remedy;
    this.details = init.details ?? {};
  }

  toJSON(): { code: ErrorCode; message: string; remedy?: string; details: Record<string, unknown> } {
    return {
      code: this.code,
      message: this.message,
      ...(this.remedy === undefined ? {} : { remedy: this.remedy }),
      details: this.details,
    };
  }
}
