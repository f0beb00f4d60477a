/** What is fixed of a tensor before any inference. A value x stands for x / 2^scale. */
export interface QuantisedTensor {
  /** Row-major. */
  shape: readonly number[];
  /** Fractional bits. */
  scale: number;
  /** Every value lies in [lo, hi]; integers, −2^52 ≤ lo ≤ hi ≤ 2^52. */
  lo: number;
  hi: number;
}

/** A tensor's integers, row-major. */
export type Values = Float64Array;
