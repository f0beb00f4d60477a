import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { withSections } from '../scripts/readme/sections.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

test('has the verbs and operators of the code: else run npm run docs', () => {
  expect(withSections(readme)).toBe(readme);
});

test.each(['README.md', 'SECURITY.md', ...readdirSync(join(root, 'docs')).map((file) => `docs/${file}`)])(
  '%s links to files that exist',
  (document) => {
    const text = readFileSync(join(root, document), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1] ?? '');
    expect(links.filter((link) => !existsSync(join(root, dirname(document), link)))).toEqual([]);
  },
);
