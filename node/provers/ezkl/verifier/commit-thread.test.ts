import { afterEach, expect, test } from 'vitest';
import type { EdgeType } from '../../../../protocol/edge.ts';
import { createCommitThread } from './commit-thread.ts';
import { kzgCommit } from './kzg-commit.ts';
import { G1, g1Length, writeRawG1 } from './points.ts';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((thread) => thread.close()));
});

function create() {
  const thread = createCommitThread();
  opened.push(thread);
  return thread;
}

const k = 10;
const usableRows = 1000;
const typeOf = (count: number): EdgeType => ({
  shape: [count],
  signed: true,
  scale: 0,
  interval: 'unproven',
  scheme: { name: 'kzg', srs: '00'.repeat(32), k, usableRows },
});
const small = typeOf(2);
const values = [3n, -4n];
/** Takes minutes. */
const large = { type: typeOf(1_000_000), values: Array<bigint>(1_000_000).fill(2n ** 200n) };
/** A fault of the thread, which nothing that a caller may give leads to. */
const fault = {} as EdgeType;

/** In the format; all its points are the generator. */
const srs = srsFile();

function srsFile(): Uint8Array {
  const generator = writeRawG1(G1.BASE);
  const file = new Uint8Array(4 + 2 * 2 ** k * g1Length + 256);
  file[0] = k;
  for (let point = 0; point < 2 * 2 ** k; point++) file.set(generator, 4 + g1Length * point);
  return file;
}

test('what is refused in the thread is refused here, and the next request is answered', async () => {
  const thread = create();
  await expect(thread.commit(small, [1n], new Uint8Array())).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  await expect(thread.commit(small, [1n, 2n], new Uint8Array(8))).rejects.toMatchObject({
    code: 'SRS_INVALID',
  });
  expect(await thread.commit(small, values, srs)).toEqual(kzgCommit(small, values, srs));
});

test('a thread that fails takes only the request at hand with it', async () => {
  const thread = create();
  const crash = thread.commit(fault, values, srs);
  // Its turn comes before the failed thread is gone, and it is under the SRS that the thread had.
  const next = thread.commit(small, values, srs);
  await expect(crash).rejects.toThrow(TypeError);
  expect(await next).toEqual(kzgCommit(small, values, srs));
});

test('closed during a commitment, it refuses that one, what waits for its turn, and all that comes', async () => {
  const thread = create();
  await thread.commit(small, values, srs);
  const refused = [thread.commit(large.type, large.values, srs), thread.commit(small, values, srs)].map(
    (commitment) => expect(commitment).rejects.toMatchObject({ code: 'ABORTED' }),
  );
  // Its turn begins before anything is closed.
  await new Promise((resolve) => setImmediate(resolve));
  await thread.close();
  await Promise.all(refused);
  await expect(thread.commit(small, values, srs)).rejects.toMatchObject({ code: 'ABORTED' });
});

test('cancelled, it ends the thread that computes, and a request that waits at once', async () => {
  const thread = create();
  await thread.commit(small, values, srs);
  const [first, second] = [new AbortController(), new AbortController()];
  const computed = thread.commit(large.type, large.values, srs, first.signal);
  const waiting = thread.commit(small, values, srs, second.signal);
  const next = thread.commit(small, values, srs);
  await new Promise((resolve) => setImmediate(resolve));
  second.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
  first.abort();
  await expect(computed).rejects.toMatchObject({ code: 'ABORTED' });
  // In the thread that was ended, its turn would come in minutes.
  const since = performance.now();
  expect(await next).toEqual(kzgCommit(small, values, srs));
  expect(performance.now() - since).toBeLessThan(30_000);
  await expect(thread.commit(small, values, srs, AbortSignal.abort())).rejects.toMatchObject({
    code: 'ABORTED',
  });
});
