import { columnBytes, columnFeatures, workFeatures } from '../../node/plan/cost-model/ezkl-columns.ts';
import { countTables, type EzklSize, takesMaxima } from '../../node/plan/cost-model/ezkl-size.ts';
import { weigh } from '../../node/plan/cost-model/weigh.ts';
import type { Figures, Observe } from './figures.ts';
import type { EzklProofMeasurement } from './measurements.ts';

type Value = (sample: EzklProofMeasurement) => number;

const sizeOf = ({ rows, operators }: EzklProofMeasurement): EzklSize => ({
  rows,
  tables: countTables(operators),
  shuffles: takesMaxima(operators),
});

function onColumns(value: Value): Observe<EzklProofMeasurement> {
  return (sample) => ({ features: columnFeatures(sizeOf(sample), sample), value: value(sample) });
}

function onKey(value: Value): Observe<EzklProofMeasurement> {
  return (sample, weights) => {
    const size = sizeOf(sample);
    const key =
      weights === undefined
        ? sample.provingKeyBytes
        : columnBytes(size, sample) * weigh(weights.keyColumns ?? [], columnFeatures(size, sample));
    return { features: workFeatures(size, sample, key), value: value(sample) };
  };
}

export const ezklFigures: Figures<EzklProofMeasurement> = {
  keyColumns: onColumns((sample) => sample.provingKeyBytes / columnBytes(sizeOf(sample), sample)),
  proofBytes: onColumns(({ proofBytes }) => proofBytes),
  setupBytes: onKey(({ setup }) => setup.peakBytes),
  proveBytes: onKey(({ prove }) => prove.peakBytes),
  setupCpuSeconds: onKey(({ setup }) => setup.cpuSeconds),
  proveCpuSeconds: onKey(({ prove }) => prove.cpuSeconds),
};
