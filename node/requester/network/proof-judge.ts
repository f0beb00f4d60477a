import type { Proof } from '../../../protocol/certificate.ts';
import { equalBytes } from '../../../protocol/check/equal-bytes.ts';
import type { KeyCheck } from '../../../protocol/check/keys.ts';
import { judgeProof } from '../../../protocol/check/proofs.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import type { Segment } from '../../../protocol/graph.ts';
import { type Commitments, proofFormat } from '../../../protocol/job/index.ts';
import type { Submission } from '../../../protocol/messages/index.ts';
import type { ArtifactAccess, Source } from '../../job/artifact-access.ts';

export interface ProofJudgeInit {
  segments: readonly Segment[];
  keys: KeyCheck;
  /** What the job fixes. */
  commitments: Commitments;
}

/** What is to be said of a proof: that it holds, or in words why not. */
export type ProofVerdict = { kind: 'valid'; proof: Proof } | { kind: 'wrong'; reason: string };

/** Reads what workers submit, and holds it against its verifier and the job's commitments. */
export class ProofJudge {
  readonly #init: ProofJudgeInit;
  readonly #artifacts: Pick<ArtifactAccess, 'fetchBytes'>;

  constructor(init: ProofJudgeInit, artifacts: Pick<ArtifactAccess, 'fetchBytes'>) {
    this.#init = init;
    this.#artifacts = artifacts;
  }

  /**
   * Judges the proof that a submission carries or names.
   *
   * @param source the worker
   * @throws TesseraError `ARTIFACT_MISSING`, `DOWNLOAD_FAILED` or `ABORTED` when the worker names a proof that it does not serve
   */
  async judgeSubmission(
    { segment, proof: cid, size, inline }: Submission,
    source: Source,
    signal: AbortSignal,
  ): Promise<ProofVerdict> {
    if (size > proofFormat.maxBytes) return { kind: 'wrong', reason: 'its proof is too large' };
    const bytes =
      inline ??
      (await this.#artifacts.fetchBytes(cid, {
        maxBytes: size,
        source,
        announce: false,
        signal: AbortSignal.any([signal, AbortSignal.timeout(fetchMs)]),
      }));
    return this.judgeBytes(segment, bytes, signal);
  }

  /** Judges a proof's artifact. */
  async judgeBytes(segment: number, bytes: Uint8Array, signal: AbortSignal): Promise<ProofVerdict> {
    try {
      const proof = proofFormat.decode(bytes);
      const reason = await this.#problemOf(segment, proof, signal);
      return reason === undefined ? { kind: 'valid', proof } : { kind: 'wrong', reason };
    } catch (error) {
      if (!(error instanceof TesseraError) || error.code !== 'ENCODING_INVALID') throw error;
      return { kind: 'wrong', reason: error.message };
    }
  }

  async #problemOf(index: number, proof: Proof, signal: AbortSignal): Promise<string | undefined> {
    const { segments, keys, commitments } = this.#init;
    const segment = segments[index];
    if (segment === undefined) return 'there is no such segment';
    const { problems, bound } = await judgeProof(segment, proof, keys.circuits[segment.circuit], signal);
    if (problems[0] !== undefined) return problems[0].message;
    const ports = [
      ...segment.inputs.map((ref, port) => ({ ref, bound: bound?.inputs[port] })),
      ...segment.outputs.map((ref, port) => ({ ref, bound: bound?.outputs[port] })),
    ];
    const other = ports.find(({ ref, bound }) => {
      const fixed = commitments[ref.edge]?.[ref.block];
      return fixed === undefined || bound === undefined || !equalBytes(fixed, bound);
    });
    return other && `it binds another value of edge ${other.ref.edge} than the job fixes`;
  }
}

/** Milliseconds in which a proof that is not in its message must have come. */
const fetchMs = 60_000;
