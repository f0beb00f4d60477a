import { coefficients } from './coefficients.ts';
import { type ColumnParams, columnBytes, columnFeatures, fieldBytes } from './ezkl-columns.ts';
import type { SegmentCost } from './segment-cost.ts';

function weigh(weights: readonly number[], features: readonly number[]): number {
  return weights.reduce((sum, weight, i) => sum + weight * (features[i] ?? 0), 0);
}

/**
 * What setting up and proving a circuit of ezkl takes, by a fit to measurements (bench/measurements): memory and
 * time are linear in the proving key, and that is as large as its columns.
 *
 * @param rows what `ezklRows` predicts, or ezkl's own layout says
 * @param instances public values of the circuit
 */
export function ezklCost(rows: number, params: ColumnParams, instances = 0): SegmentCost {
  const { ezkl } = coefficients;
  const columns = columnFeatures(rows, params);
  const provingKeyBytes = columnBytes(params) * weigh(ezkl.keyColumns, columns);
  const key = [1, provingKeyBytes];
  return {
    prover: 'ezkl',
    constraints: rows,
    k: params.k,
    setupSeconds: weigh(ezkl.setupCpuSeconds, key) / ezkl.parallelism,
    proveSeconds: weigh(ezkl.proveCpuSeconds, key) / ezkl.parallelism,
    setupBytes: weigh(ezkl.setupBytes, key),
    proveBytes: weigh(ezkl.proveBytes, key),
    provingKeyBytes,
    // Public values travel with the proof, a field element each.
    proofBytes: weigh(ezkl.proofBytes, columns) + fieldBytes * instances,
  };
}
