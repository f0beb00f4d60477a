/** Smallest k that holds ezkl's range tables for base 1024 with its unusable rows. */
const smallest = 12;
/** Largest k that is worth its keys on one machine; larger segments get more columns instead. */
const largest = 17;
/** Column blocks a circuit may be folded into: fewer rows prove faster, more columns make proofs and keys larger. */
const blocks = 8;

/**
 * One size for all segments of a job: edges committed with `kzg` are equal only between circuits of one size.
 *
 * @param rows of each segment
 * @returns log2 of the rows of every circuit, 12..17
 */
export function chooseSize(rows: readonly number[]): number {
  const most = Math.max(1, ...rows);
  return Math.min(largest, Math.max(smallest, Math.ceil(Math.log2(most / blocks))));
}
