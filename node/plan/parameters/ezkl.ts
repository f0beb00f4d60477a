import pLimit from 'p-limit';
import { chooseK, defaultEzklParams, formatParams, largestValue } from '../../provers/ezkl/parameters.ts';
import type { EzklProver } from '../../provers/ezkl/prover.ts';
import type { ParameterChoice } from './choice.ts';

/** All circuits get one size, because edges committed with `kzg` are equal only between circuits of one size. */
export function chooseEzklParams(prover: Pick<EzklProver, 'measure'>): ParameterChoice {
  return async (segments, { scale, parallel }, { signal, onMeasured }) => {
    const base = { ...defaultEzklParams, ...(scale === undefined ? {} : { scale }) };
    const probe = { ...base, k: chooseK([], base) };
    const limit = pLimit(parallel);
    const sizes = await Promise.all(
      segments.map((segment) =>
        limit(async () => {
          const source = { model: segment.model, inputs: segment.inputPorts, outputs: segment.outputPorts };
          const size = await prover.measure(source, probe, signal ? { signal } : {});
          onMeasured?.(segment);
          return size;
        }),
      ),
    );
    const params = { ...base, k: chooseK(sizes, base) };
    const largest = largestValue(params);
    return {
      params: segments.map(() => formatParams(params)),
      publicPort: { scale: params.scale, interval: { lo: -largest, hi: largest } },
    };
  };
}
