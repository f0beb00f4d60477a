import type { Model } from '../../model/model.ts';
import type { EzklParams } from '../../provers/ezkl/parameters.ts';
import { coefficients } from './coefficients.ts';
import { type ColumnParams, columnBytes, columnFeatures, fieldBytes, workFeatures } from './ezkl-columns.ts';
import type { SegmentPorts } from './ezkl-rows.ts';
import { type EzklSize, ezklSize } from './ezkl-size.ts';
import type { SegmentCost } from './segment-cost.ts';
import { weigh } from './weigh.ts';

/**
 * What setting up and proving a circuit of ezkl takes, by a fit to measurements (bench/measurements): a proving key
 * is as large as its columns, and memory and time are linear in it.
 */
export function ezklCost(size: EzklSize, params: ColumnParams): SegmentCost {
  const { ezkl } = coefficients;
  const columns = columnFeatures(size, params);
  const provingKeyBytes = columnBytes(size, params) * weigh(ezkl.keyColumns, columns);
  const work = workFeatures(size, params, provingKeyBytes);
  return {
    prover: 'ezkl',
    constraints: size.rows,
    k: params.k,
    setupSeconds: weigh(ezkl.setupCpuSeconds, work) / ezkl.parallelism,
    proveSeconds: weigh(ezkl.proveCpuSeconds, work) / ezkl.parallelism,
    setupBytes: weigh(ezkl.setupBytes, work),
    proveBytes: weigh(ezkl.proveBytes, work),
    provingKeyBytes,
    // Public values travel with the proof, a field element each.
    proofBytes: weigh(ezkl.proofBytes, columns) + fieldBytes * (size.instances ?? 0),
  };
}

/** What a segment will take under these parameters, predicted from its model alone. */
export function ezklSegmentCost(model: Model, ports: SegmentPorts, params: EzklParams): SegmentCost {
  return ezklCost(ezklSize(model, ports, params), params);
}
