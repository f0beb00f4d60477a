import { TesseraError } from '../../../protocol/errors.ts';
import { quantiseModel } from '../../provers/circuit/index.ts';
import {
  formatGroth16Params,
  type Groth16Params,
  groth16Params,
  quantiseSettings,
} from '../../provers/groth16/parameters.ts';
import { groth16QuantisedCost, groth16SegmentCost } from '../cost-model/groth16-cost.ts';
import type { SegmentCost } from '../cost-model/segment-cost.ts';
import type { SegmentDraft } from '../draft.ts';
import type { ParameterChoice } from './choice.ts';

/**
 * Every segment takes its part of one calibration of the whole model, so that neighbours agree on the types of their
 * edges. Tensors between segments are rescaled where they arise.
 */
export const chooseForGroth16: ParameterChoice = async (segments, { ranges, inputBits, edges }) => {
  const calibrated = await ranges();
  const options = { inputBits: await inputBits() };
  const params = segments.map(({ model }) => groth16Params(model, calibrated, edges, options));
  const expected: SegmentCost[] = [];
  for (const [index, segment] of segments.entries()) {
    expected.push(await expectedCost(segment, params[index] as Groth16Params));
  }
  return { params: params.map(formatGroth16Params), expected };
};

async function expectedCost(segment: SegmentDraft, params: Groth16Params): Promise<SegmentCost> {
  const { model } = segment;
  const { ranges, options } = quantiseSettings(params);
  try {
    const { model: quantised } = await quantiseModel(model, ranges, options);
    return groth16QuantisedCost(model, segment, quantised);
  } catch (error) {
    // Compiling refuses what cannot be quantised, and names the segment.
    if (error instanceof TesseraError) return groth16SegmentCost(model);
    throw error;
  }
}
