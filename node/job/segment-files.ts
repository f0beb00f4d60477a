/**
 * How an assignment names what its segment is made of: the roles of its artifacts. protocol/job/README.md specifies them.
 */
export const roles = {
  manifest: 'manifest',
  commitments: 'commitments',
  recipe: 'segment',
  model: 'model',
  blindings: 'blindings',
  /** Of an invited job: the key of what is sealed, for each of its peers. */
  wrappedKeys: 'wrapped-keys',
  /** Before the role of a key's file. */
  key: 'key/',
} as const;

/** How the seal of an invited job names an input tensor: protocol/access/README.md specifies it. */
export function tensorRole({ edge, block }: { edge: number; block: number }): string {
  return `tensor/${edge}/${block}`;
}
