import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { ProgressView } from './progress-view.ts';

test('without a terminal: the start, then a line every ten seconds with an estimate, then the end', () => {
  const stream = new PassThrough({ encoding: 'utf8' });
  let now = 0;
  const view = new ProgressView(stream, () => now);
  const at = (seconds: number, done: number) => {
    now = seconds * 1000;
    view.show({ type: 'stage', stage: 'prove', done, total: 4 });
  };
  at(0, 0);
  at(5, 1);
  at(20, 2);
  at(21, 3);
  at(22, 4);
  expect(stream.read()).toBe('prove 0/4\nprove 2/4 · about 20 s left\nprove 4/4\n');
});

test('on a terminal: one line that is written over, and taken away at the end', () => {
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY: true, columns: 20 });
  const view = new ProgressView(stream, () => 0);
  view.show({ type: 'stage', stage: 'prove', done: 1, total: 2, detail: 'a segment with a long name' });
  view.clear();
  const text: string = stream.read();
  expect(text).not.toContain('\n');
  expect(text.startsWith('prove 1/2 · a segme')).toBe(true);
  expect(text.endsWith(`${String.fromCharCode(27)}[1G`)).toBe(true);
});
