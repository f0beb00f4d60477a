import { formatParams, largestValue } from '../../provers/ezkl/parameters.ts';
import { chooseEzklParams } from '../cost-model/choose-ezkl-params.ts';
import { ezklSegmentCost } from '../cost-model/ezkl-cost.ts';
import type { ParameterChoice } from './choice.ts';

/**
 * One choice for all of ezkl's segments: edges committed with `kzg` are equal only between circuits of one size, and
 * public values are held to the same range everywhere.
 *
 * @throws TesseraError `USAGE` when no parameters keep within the memory, naming what would
 */
export const chooseForEzkl: ParameterChoice = async (segments, { scale, memory }) => {
  const planned = segments.map(({ id, model, inputPorts, outputPorts }) => ({
    id,
    model,
    ports: {
      inputs: inputPorts.map((port) => port.scheme),
      outputs: outputPorts.map((port) => port.scheme),
    },
  }));
  const params = chooseEzklParams(planned, { scale: await scale(), memory });
  const largest = largestValue(params);
  return {
    params: segments.map(() => formatParams(params)),
    expected: planned.map(({ model, ports }) => ezklSegmentCost(model, ports, params)),
    publicPort: { scale: params.scale, interval: { lo: -largest, hi: largest } },
  };
};
