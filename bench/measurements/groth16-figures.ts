import { groth16Features } from '../../node/plan/cost-model/groth16-features.ts';
import type { Figures, Observe } from './figures.ts';
import type { Groth16Measurement } from './measurements.ts';

function observe(value: (sample: Groth16Measurement) => number): Observe<Groth16Measurement> {
  return (sample) => ({
    features: groth16Features(sample.constraints, sample.terms),
    value: value(sample),
  });
}

export const groth16Figures: Figures<Groth16Measurement> = {
  provingKeyBytes: observe(({ provingKeyBytes }) => provingKeyBytes),
  setupBytes: observe(({ setup }) => setup.peakBytes),
  proveBytes: observe(({ prove }) => prove.peakBytes),
  setupCpuSeconds: observe(({ setup }) => setup.cpuSeconds),
  proveCpuSeconds: observe(({ prove }) => prove.cpuSeconds),
};
