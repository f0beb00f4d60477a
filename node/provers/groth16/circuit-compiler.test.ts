import { deserialize } from 'node:v8';
import { afterAll, expect, it } from 'vitest';
import type { Port } from '../prover.ts';
import { createCircuitCompiler } from './circuit-compiler.ts';
import { compileSegment } from './compile-segment.ts';
import { denseModel, paramsOf } from './testing/dense.ts';

const compiler = createCircuitCompiler();
afterAll(() => compiler.close());

const port = (scheme: Port['scheme']): Port => ({ scheme, blinded: false });
const source = { model: denseModel, inputs: [port('poseidon2')], outputs: [port('public')] };
const params = paramsOf(denseModel);

it('gives what compiling here gives', async () => {
  const here = await compileSegment(source, params);
  const there = await compiler.compile({ source, params });
  expect(deserialize(there.circuit)).toEqual(here.circuit);
  expect(there.constraints).toEqual(here.constraints);
});

it('carries errors whole', async () => {
  const kzg = { ...source, outputs: [port('kzg')] };
  const here = await compileSegment(kzg, params).catch((error: unknown) => error);
  const there = await compiler.compile({ source: kzg, params }).catch((error: unknown) => error);
  expect(there).toEqual(here);
  expect(there).toMatchObject({ code: 'UNPROVABLE', details: { tensor: 'y' } });
});

it('ends a compilation that is cancelled, and goes on with the next', async () => {
  const interruption = new AbortController();
  const cancelled = compiler.compile({ source, params }, interruption.signal);
  interruption.abort();
  await expect(cancelled).rejects.toMatchObject({ code: 'ABORTED' });
  await expect(compiler.compile({ source, params }, interruption.signal)).rejects.toMatchObject({
    code: 'ABORTED',
  });
  expect((await compiler.compile({ source, params })).constraints.length).toBeGreaterThan(0);
});
