/**
 * How an assignment names what its segment is made of: the roles of its artifacts. protocol/job/README.md specifies them.
 */
export const roles = {
  manifest: 'manifest',
  commitments: 'commitments',
  recipe: 'segment',
  model: 'model',
  blindings: 'blindings',
  /** Before the role of a key's file. */
  key: 'key/',
} as const;
