import type { SegmentRecipe } from '../../../protocol/job/index.ts';
import type { Model } from '../../model/model.ts';
import { parseParams } from '../../provers/ezkl/parameters.ts';
import { ezklSegmentCost } from './ezkl-cost.ts';
import { groth16SegmentCost } from './groth16-cost.ts';
import type { SegmentCost } from './segment-cost.ts';

/**
 * What proving a segment will take that another peer has planned.
 *
 * @returns nothing for a prover that there are no measurements of
 * @throws TesseraError `ENCODING_INVALID` for parameters that are none
 */
export function recipeCost(
  model: Model,
  { prover, params, inputs, outputs }: SegmentRecipe,
): SegmentCost | undefined {
  if (prover === 'groth16') return groth16SegmentCost(model);
  if (prover !== 'ezkl') return undefined;
  const ports = {
    inputs: inputs.map(({ scheme }) => scheme),
    outputs: outputs.map(({ scheme }) => scheme),
  };
  return ezklSegmentCost(model, ports, parseParams(params));
}
