import type { Model } from '../model/model.ts';
import type { PortScheme } from '../provers/prover.ts';

/** What is decided for one segment before anything is compiled. */
export interface SegmentPlan {
  id: string;
  /** The segment as a model of its own. */
  model: Model;
  /** Tensor names in port order. */
  inputs: readonly string[];
  outputs: readonly string[];
  inputSchemes: readonly PortScheme[];
  outputSchemes: readonly PortScheme[];
  /** The prover's parameters. */
  parameters: unknown;
}
