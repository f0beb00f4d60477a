/** Units of the cost model per second on the machine that it was fitted on: one is a microsecond of proving there. */
export const referenceUnitsPerSecond = 1_000_000;
