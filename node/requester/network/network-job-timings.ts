export interface NetworkJobTimings {
  /** Milliseconds without a word from a worker until its segment goes to another one. */
  silence: number;
  /** Milliseconds in which no worker may take anything, until the job is given up. */
  patience: number;
  /** How much longer than expected a segment may take, and the milliseconds that it has in any case. */
  slack: { factor: number; least: number };
  /**
   * Milliseconds, besides those that it takes, for which workers on trial have a segment to themselves: long enough to
   * fetch or make its keys.
   */
  trial: number;
}

export const defaultNetworkJobTimings: NetworkJobTimings = {
  silence: 12_000,
  patience: 120_000,
  slack: { factor: 5, least: 120_000 },
  trial: 60_000,
};
