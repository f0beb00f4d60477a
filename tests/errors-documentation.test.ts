import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { auditCodes } from '../node/audit/problem.ts';
import { exitStatus, exitStatusOf } from '../node/cli/exit-status.ts';
import { type ErrorCode, errorCodes, TesseraError } from '../protocol/errors.ts';
import { problemCodes } from '../protocol/problem.ts';

const text = await readFile(new URL('../docs/errors.md', import.meta.url), 'utf8');

/** The rows of the table under a heading, without its head. */
function table(heading: string): string[][] {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map((cells) => cells.slice(1, -1));
}

test('the exit statuses are the documented ones', () => {
  expect(table('Exit statuses').map(([status]) => Number(status))).toEqual(Object.values(exitStatus));
});

test('every error is documented with its exit status, its meaning and what to do', () => {
  const codes = Object.keys(errorCodes) as ErrorCode[];
  expect(table('Errors')).toEqual(
    codes.map((code) => [
      `\`${code}\``,
      String(exitStatusOf(new TesseraError(code, { message: '' }))),
      errorCodes[code].meaning,
      expect.stringMatching(/^\S.+\.$/),
    ]),
  );
});

test.each([
  ['a certificate', problemCodes],
  ['an audit', auditCodes],
])('every problem of %s is documented with its meaning and what to do', (what, codes) => {
  expect(table(`Problems of ${what}`)).toEqual(
    Object.entries(codes).map(([code, meaning]) => [
      `\`${code}\``,
      meaning,
      expect.stringMatching(/^\S.+\.$/),
    ]),
  );
});
