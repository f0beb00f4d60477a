import { formatGroth16Params, groth16Params } from '../../provers/groth16/parameters.ts';
import { groth16SegmentCost } from '../cost-model/groth16-cost.ts';
import type { ParameterChoice } from './choice.ts';

/**
 * Every segment takes its part of one calibration of the whole model, so that neighbours agree on the types of their
 * edges. Tensors between segments are rescaled where they arise.
 */
export const chooseForGroth16: ParameterChoice = async (segments, { ranges, edges }) => {
  const calibrated = await ranges();
  return {
    params: segments.map(({ model }) => formatGroth16Params(groth16Params(model, calibrated, edges))),
    expected: segments.map(({ model }) => groth16SegmentCost(model)),
  };
};
