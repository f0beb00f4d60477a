/** Bounds on every count and size in the formats. They hold before anything is allocated or computed. */
export const limits = {
  segments: 65_536,
  edges: 131_072,
  /** Blocks of all edges together. */
  blocks: 262_144,
  /** Blocks of one edge, times 2^rank: what the check of a partition remembers. */
  corners: 2 ** 22,
  /** Blocks read and written by all segments together. */
  references: 524_288,
  circuits: 65_536,
  /** Ports on one side of a circuit. */
  ports: 1_024,
  rank: 8,
  /** One axis of a tensor. */
  dimension: 2 ** 31 - 1,
  /** Elements of one tensor. */
  elements: 2 ** 26,
  /** Binary places either way. */
  scale: 64,
  /** log2 of a circuit's rows; r − 1 is divisible by 2^28 and no more. */
  k: 28,
  /** Rows of a committed column that carry no values: halo2's blinding takes about six, and committing costs by them. */
  unusableRows: 256,
  /** Names of tensors and segments, bytes in UTF-8. */
  nameBytes: 1_024,
  /** Characters of names, counted at each block and each reference: a report names them all. */
  namesTold: 2 ** 26,
  /** Names of provers, adapters, roles and operators. */
  wordBytes: 128,
  roles: 16,
  operators: 256,
  srs: 256,
  parameterBytes: 65_536,
  artifacts: 131_072,
  artifactBytes: 2 ** 28,
  /** One file of a segment's keys. */
  keyBytes: 2 ** 34,
  proofBytes: 2 ** 24,
  publicInputs: 2 ** 22,
  commitmentBytes: 2 ** 28,
  manifestBytes: 2 ** 28,
  certificateBytes: 2 ** 30,
  items: 2 ** 24,
  depth: 16,
} as const;
