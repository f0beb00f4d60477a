import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { supportedOperators } from '../node/provers/ezkl/operators.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

function listed(precision: 'exact' | 'tolerance'): string {
  return supportedOperators
    .filter((operator) => operator.precision === precision)
    .map(({ operator, conditional }) => `${operator}${conditional ? '\\*' : ''}`)
    .join(', ');
}

test('lists the operators that the code supports', () => {
  expect(readme).toContain(`\nExactly:\n${listed('exact')}.\n`);
  expect(readme).toContain(`\nWithin a tolerance:\n${listed('tolerance')}.\n`);
});

test('links to files that exist', () => {
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((match) => match[1] ?? '');
  expect(links.length).toBeGreaterThan(3);
  expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([]);
});
