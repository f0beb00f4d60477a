import xbytes from 'xbytes';

/** Reads an amount of memory such as `1.5GiB`, `512 MB` or `1000B`; gives whole bytes, `undefined` for anything else. */
export function parseMemory(text: string): number | undefined {
  // Case matters to xbytes: a small b means bits.
  if (!/^\d{1,15}(\.\d{1,9})? *([KMGT]i?)?B$/.test(text)) return undefined;
  const bytes = Math.floor(xbytes.parseSize(text));
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}

/** Shows an amount of memory, e.g. `2.00 GiB`. */
export function showMemory(bytes: number): string {
  return xbytes(bytes, { iec: true });
}
