/** Whether two byte strings are the same. Takes time that depends on where they differ: for public data. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
