/** Fitted by bench/measurements/fit.ts: bytes, seconds of one core, and cores kept busy. */
export const coefficients = {
  ezkl: {
    keyColumns: [7.956, 1.559, 6.272, 2.097, 7.682],
    proofBytes: [924, 26.88, 1116, 381.3, 1295],
    setupBytes: [34110000, 1.43, 0],
    proveBytes: [29580000, 2.54, 1.97],
    setupCpuSeconds: [0.09275, 3.027e-8, 0],
    proveCpuSeconds: [0.09038, 4.512e-8, 2.248e-8],
    parallelism: 1.3,
  },
  groth16: {
    provingKeyBytes: [0, 381.2, 0.5556],
    setupBytes: [12920000, 1384, 35.32],
    proveBytes: [10670000, 1837, 15.29],
    setupCpuSeconds: [0.0213, 0.0002804, 2.033e-7],
    proveCpuSeconds: [0.03452, 0.00001298, 1.522e-7],
    parallelism: 1.48,
  },
} as const;
