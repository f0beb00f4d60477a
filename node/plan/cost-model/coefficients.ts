/** Fitted by bench/measurements/fit.ts; bytes, and seconds of one core. What each is linear in says the module that uses it. */
export const coefficients = {
  ezkl: {
    keyColumns: [8.112, 0.9815, 6.628],
    setupBytes: [32890000, 1.457],
    proveBytes: [29300000, 2.585],
    setupCpuSeconds: [0.04943, 3.354e-8],
    proveCpuSeconds: [0.07385, 4.877e-8],
    proofBytes: [806, 79.69, 1098],
    parallelism: 0.9863,
  },
} as const;
