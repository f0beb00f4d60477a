/** Fitted by bench/measurements/fit.ts: bytes, seconds of one core, and cores kept busy. */
export const coefficients = {
  ezkl: {
    keyColumns: [8.856, 2.002, 6.172, 2.015, 6.405],
    proofBytes: [1124, 135.6, 1079, 336.6, 1032],
    setupBytes: [34210000, 1.453, 0],
    proveBytes: [30950000, 2.51, 1.395],
    setupCpuSeconds: [0.1746, 3.154e-8, 0],
    proveCpuSeconds: [0.1443, 4.499e-8, 0],
    parallelism: 1.3,
  },
  groth16: {
    provingKeyBytes: [0, 380.9, 0.5558],
    setupBytes: [12820000, 1359, 37.96],
    proveBytes: [10340000, 1485, 27.52],
    setupCpuSeconds: [0.007978, 0.0002759, 8.052e-7],
    proveCpuSeconds: [0.0247, 0.00001334, 1.165e-7],
    parallelism: 1.48,
  },
} as const;
