import type { Certificate, Proof } from '../certificate.ts';
import { TesseraError } from '../errors.ts';
import type { Segment } from '../graph.ts';
import { contextOf } from '../job-ids.ts';
import type { Problem } from '../problem.ts';
import type { SegmentReport } from '../report.ts';
import type { Opinion } from '../verifier.ts';
import type { KeyCheck, VerifiableCircuit } from './keys.ts';
import { pauses } from './pauses.ts';

/** What a segment's proof binds at each port. */
export interface Bound {
  inputs: readonly Uint8Array[];
  outputs: readonly Uint8Array[];
}

export interface ProofCheckResult {
  problems: Problem[];
  segments: SegmentReport[];
  /** By segment; absent where no proof could be read. */
  bound: (Bound | undefined)[];
}

export interface ProofCheckOptions {
  signal?: AbortSignal;
  /** Segments whose proof has been checked, of how many. */
  onProgress?: (done: number, total: number) => void;
}

/** Every segment has exactly one proof; it is well-formed and every engine that can judge it accepts it. */
export async function checkProofs(
  { manifest, proofs, chain }: Certificate,
  keys: KeyCheck,
  options: ProofCheckOptions,
): Promise<ProofCheckResult> {
  const { segments } = manifest.graph;
  const result: ProofCheckResult = { problems: [], segments: [], bound: [] };
  if (proofs.length !== segments.length) {
    result.problems.push({
      code: 'PROOF_COUNT',
      message: `${proofs.length} proofs for ${segments.length} segments`,
    });
  }
  if (chain !== undefined && chain.provers.length !== segments.length) {
    result.problems.push({
      code: 'PROOF_COUNT',
      message: `${chain.provers.length} accounts proved ${segments.length} segments`,
    });
  }
  const pause = pauses(options.signal);
  for (const [index, segment] of segments.entries()) {
    await pause();
    options.onProgress?.(index, segments.length);
    const faults = keys.faults[segment.circuit] ?? [];
    const judged = await judgeProof(
      segment,
      proofs[index] ?? null,
      keys.circuits[segment.circuit],
      options.signal,
      chain === undefined ? 0n : contextOf(chain, chain.job, index, chain.provers[index] ?? ''),
    );
    result.problems.push(...judged.problems);
    result.bound[index] = judged.bound;
    const [reason = null] = [...judged.problems.map(({ message }) => message), ...faults];
    result.segments.push({
      id: segment.id,
      prover: manifest.circuits[segment.circuit]?.prover ?? 'unknown',
      valid: reason === null,
      reason,
      opinions: judged.opinions,
    });
  }
  options.onProgress?.(segments.length, segments.length);
  return result;
}

/** What is said of one segment's proof; valid when there are no problems. */
export interface Judgement {
  problems: Problem[];
  bound: Bound | undefined;
  opinions: readonly Opinion[];
}

/**
 * Whether a segment's proof is well-formed and every engine that can judge it accepts it.
 *
 * @param context that it must be bound to, where its proof system binds one; 0 offline
 */
export async function judgeProof(
  { id }: Segment,
  proof: Proof | null,
  key: VerifiableCircuit | undefined,
  signal: AbortSignal | undefined,
  context = 0n,
): Promise<Judgement> {
  const problem = (code: Problem['code'], message: string): Problem => ({
    code,
    message: `${id}: ${message}`,
    segment: id,
  });
  const judgement: Judgement = { problems: [], bound: undefined, opinions: [] };
  if (proof === null) {
    judgement.problems.push(problem('PROOF_MISSING', 'it has no proof'));
    return judgement;
  }
  if (key === undefined) {
    judgement.problems.push(problem('PROOF_UNCHECKED', 'its circuit’s verifying data could not be read'));
    return judgement;
  }
  const { circuit, verifier, artifacts, srs } = key;
  try {
    judgement.bound = verifier.boundary(circuit, proof);
    judgement.opinions = await verifier.verify({
      circuit,
      artifacts,
      proof,
      srs,
      context,
      ...(signal === undefined ? {} : { signal }),
    });
    judgement.problems.push(...verdict(judgement.opinions).map(([code, why]) => problem(code, why)));
  } catch (error) {
    if (!(error instanceof TesseraError) || error.code === 'ABORTED') throw error;
    const code = error.code === 'ENCODING_INVALID' ? 'PROOF_MALFORMED' : 'PROOF_UNCHECKED';
    judgement.problems.push(problem(code, error.message));
  }
  return judgement;
}

/** A proof is valid when at least one engine says so and none disagrees. */
function verdict(opinions: readonly Opinion[]): [Problem['code'], string][] {
  const of = (kind: Opinion['verdict']) => opinions.filter(({ verdict }) => verdict === kind);
  const words = (list: readonly Opinion[]) =>
    list.map(({ engine, reason }) => (reason === undefined ? engine : `${engine}: ${reason}`)).join('; ');
  const invalid = of('invalid');
  const valid = of('valid');
  if (invalid.length > 0 && valid.length > 0) {
    return [['ENGINES_DISAGREE', `${words(valid)} accepts the proof, which is refused by ${words(invalid)}`]];
  }
  if (invalid.length > 0) return [['PROOF_INVALID', `the proof does not verify (${words(invalid)})`]];
  if (valid.length === 0)
    return [['PROOF_UNCHECKED', `no engine could check the proof (${words(opinions)})`]];
  return [];
}
