import type { FloatRange } from '../../provers/circuit/index.ts';
import type { Port } from '../../provers/prover.ts';
import type { SegmentCost } from '../cost-model/segment-cost.ts';
import type { SegmentDraft } from '../draft.ts';

/** What parameters are chosen from, besides the segments. */
export interface ChoiceContext {
  /** Fractional bits of inputs and weights in ezkl's circuits. */
  scale: () => Promise<number>;
  /** Bytes that one prover process may use. */
  memory: number;
  /** Tensors between segments of the whole. */
  edges: ReadonlySet<string>;
  /** What sample inputs showed of every computed tensor of the whole model. */
  ranges: () => Promise<ReadonlyMap<string, FloatRange>>;
  /** Bits that Tessera's own circuits give to the inputs of the whole. */
  inputBits: () => Promise<number>;
}

/** The parameters of one prover's segments. */
export interface Choice {
  /** One a segment, in their order. */
  params: readonly string[];
  /** What each segment is expected to take under them. */
  expected: readonly SegmentCost[];
  /** What this prover's circuits hold a public tensor to, where another prover binds it too. */
  publicPort?: Port['settled'];
}

/** Chooses the parameters of all segments of one prover together. */
export type ParameterChoice = (segments: readonly SegmentDraft[], context: ChoiceContext) => Promise<Choice>;
