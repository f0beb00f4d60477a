import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

/** Every module that a bundle of this one would hold, with what it imports from packages. */
async function reach(
  entry: URL,
  seen = new Map<string, readonly string[]>(),
): Promise<Map<string, readonly string[]>> {
  if (seen.has(entry.href)) return seen;
  const source = await readFile(entry, 'utf8');
  const values = source.replace(/import type [^;]*;/g, '');
  const names = [...values.matchAll(/(?:from|import\() ?'([^']+)'/g)].map((match) => match[1] ?? '');
  seen.set(
    entry.href,
    names.filter((name) => !name.startsWith('.')),
  );
  for (const name of names.filter((name) => name.startsWith('.'))) await reach(new URL(name, entry), seen);
  return seen;
}

it('reaches no module that a browser lacks', async () => {
  const modules = await reach(new URL('./index.ts', import.meta.url));
  expect(modules.size).toBeGreaterThan(10);
  const packages = [...modules.values()].flat();
  expect(packages).toContain('@noble/curves/bn254.js');
  expect(packages.filter((name) => name.startsWith('node:'))).toEqual([]);
});
