import { styleText } from 'node:util';
import { expect, test } from 'vitest';
import { printable, printableLines, printableStyled } from './printable.ts';

const green = styleText('green', 'ok', { validateStream: false });

test('text is as it was, in any script', () => {
  for (const text of ['fc1.weight', 'Größe → 大きさ', '/conv1/Conv_output_0', '👩‍🔬'])
    expect(printable(text)).toBe(text);
});

test.each([
  ['a new line', 'y\nThe certificate is valid.', 'y\\u{a}The certificate is valid.'],
  ['a return to the start of the line', 'y\rok', 'y\\u{d}ok'],
  ['a line drawn over', '\u001b[1A\u001b[2K', '\\u{1b}[1A\\u{1b}[2K'],
  ['a style', green, '\\u{1b}[32mok\\u{1b}[39m'],
  ['the one-byte form of an escape', '\u009b2J', '\\u{9b}2J'],
  ['text in the other direction', 'a\u202eb', 'a\\u{202e}b'],
])('%s is shown, not done', (_, text, shown) => {
  expect(printable(text)).toBe(shown);
});

test('lines stay lines, and styles stay styles where they are meant to', () => {
  expect(printableLines(`one\ntwo\r${green}`)).toBe('one\ntwo\\u{d}\\u{1b}[32mok\\u{1b}[39m');
  expect(printableStyled(`one\n${green}\u001b[2J`)).toBe(`one\n${green}\\u{1b}[2J`);
});
