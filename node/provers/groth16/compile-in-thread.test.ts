import { deserialize } from 'node:v8';
import { expect, it } from 'vitest';
import type { Port } from '../prover.ts';
import { compileInThread } from './compile-in-thread.ts';
import { compileSegment } from './compile-segment.ts';
import { denseModel, paramsOf } from './testing/dense.ts';

const port = (scheme: Port['scheme']): Port => ({ scheme, blinded: false });
const source = { model: denseModel, inputs: [port('poseidon2')], outputs: [port('public')] };
const params = paramsOf(denseModel);

it('gives what compiling here gives', async () => {
  const here = await compileSegment(source, params);
  const there = await compileInThread({ source, params });
  expect(deserialize(there.circuit)).toEqual(here.circuit);
  expect(there.constraints).toEqual(here.constraints);
});

it('carries errors whole', async () => {
  const kzg = { ...source, outputs: [port('kzg')] };
  const here = await compileSegment(kzg, params).catch((error: unknown) => error);
  const there = await compileInThread({ source: kzg, params }).catch((error: unknown) => error);
  expect(there).toEqual(here);
  expect(there).toMatchObject({ code: 'UNPROVABLE', details: { tensor: 'y' } });
});

it('ends a compilation that is cancelled', async () => {
  const interruption = new AbortController();
  const cancelled = compileInThread({ source, params }, { signal: interruption.signal });
  interruption.abort();
  await expect(cancelled).rejects.toMatchObject({ code: 'ABORTED' });
  const never = compileInThread({ source, params }, { signal: interruption.signal });
  await expect(never).rejects.toMatchObject({ code: 'ABORTED' });
});

it('ends a compilation at its deadline', async () => {
  // No thread has started by then.
  await expect(compileInThread({ source, params }, { timeout: 1 })).rejects.toMatchObject({
    code: 'DEADLINE_EXCEEDED',
  });
});
