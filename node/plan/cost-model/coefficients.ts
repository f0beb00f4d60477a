/** Fitted by bench/measurements/fit.ts: bytes, seconds of one core, and cores kept busy. */
export const coefficients = {
  ezkl: {
    keyColumns: [8.074, 1.476, 6.303, 2.088, 7.602],
    proofBytes: [918.7, 30.86, 1114, 381.7, 1298],
    setupBytes: [33870000, 1.436, 0],
    proveBytes: [29550000, 2.541, 1.968],
    setupCpuSeconds: [0.09734, 3.007e-8, 0],
    proveCpuSeconds: [0.1007, 4.468e-8, 2.362e-8],
    parallelism: 1.3,
  },
  groth16: {
    provingKeyBytes: [0, 380.9, 0.5558],
    setupBytes: [13050000, 1363, 35.85],
    proveBytes: [10620000, 1845, 15.03],
    setupCpuSeconds: [0.0228, 0.0002797, 2.22e-7],
    proveCpuSeconds: [0.0376, 0.00001205, 1.734e-7],
    parallelism: 1.48,
  },
} as const;
