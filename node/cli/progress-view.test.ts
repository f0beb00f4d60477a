import { PassThrough } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { ProgressView } from './progress-view.ts';

let view: ProgressView | undefined;
afterEach(() => view?.close());

/** A view on a stream, and its clock in seconds. */
function viewOn(terminal: { isTTY?: boolean; columns?: number } = {}) {
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), terminal);
  const clock = { seconds: 0 };
  view = new ProgressView(stream, () => clock.seconds * 1000);
  return { view, stream, clock };
}

test('without a terminal: the start, then a line every ten seconds with an estimate, then the end', () => {
  const { view, stream, clock } = viewOn();
  const at = (seconds: number, done: number) => {
    clock.seconds = seconds;
    view.show({ type: 'stage', stage: 'prove', done, total: 4 });
  };
  at(0, 0);
  at(5, 1);
  at(20, 2);
  at(21, 3);
  at(22, 4);
  expect(stream.read()).toBe('proving 0/4\nproving 2/4 · 20 s · about 20 s left\nproving 4/4 · 22 s\n');
});

test('without a terminal, a stage that does not move says so every minute', () => {
  const { view, stream, clock } = viewOn();
  view.show({ type: 'stage', stage: 'compile', done: 0, total: 1, expected: { done: 0, total: 70 } });
  for (clock.seconds = 1; clock.seconds < 130; clock.seconds += 1) view.tick();
  expect(stream.read()).toBe(
    [
      'making circuits and keys · about 70 s left',
      'making circuits and keys · 60 s · about 10 s left',
      'making circuits and keys · 2 min · longer than expected\n',
    ].join('\n'),
  );
});

test('the plan’s estimate follows the pace of this machine', () => {
  const { view, stream, clock } = viewOn();
  const expected = (done: number) => ({ expected: { done, total: 100 } });
  view.show({ type: 'stage', stage: 'prove', done: 0, total: 3, ...expected(0) });
  clock.seconds = 75;
  view.show({ type: 'stage', stage: 'prove', done: 1, total: 3, ...expected(35) });
  expect(stream.read()).toBe('proving 0/3 · about 2 min left\nproving 1/3 · 75 s · about 2 min left\n');
});

test('an ended display says nothing more', () => {
  const { view, stream, clock } = viewOn();
  view.show({ type: 'stage', stage: 'import', done: 0, total: 1 });
  // The same line again, were it written.
  view.show({ type: 'stage', stage: 'import', done: 1, total: 1 });
  view.close();
  clock.seconds = 1000;
  view.tick();
  expect(stream.read()).toBe('reading the model\n');
});

test('a transfer is counted in bytes, whose number may not be known', () => {
  const { view, stream } = viewOn();
  view.show({ type: 'stage', stage: 'download', done: 0, total: 0, detail: 'bafy' });
  view.show({ type: 'stage', stage: 'download', done: 2 ** 21, total: 2 ** 21, detail: 'bafy' });
  expect(stream.read()).toBe('transferring · bafy\ntransferring 2.00 MiB of 2.00 MiB · bafy\n');
});

test('on a terminal: one line that is written over, and taken away at the end', () => {
  const { view, stream } = viewOn({ isTTY: true, columns: 20 });
  view.show({ type: 'stage', stage: 'prove', done: 1, total: 2, detail: 'a segment with a long name' });
  view.clear();
  const text: string = stream.read();
  expect(text).not.toContain('\n');
  expect(text.startsWith('proving 1/2 · a seg')).toBe(true);
  expect(text.endsWith(`${String.fromCharCode(27)}[1G`)).toBe(true);
});
