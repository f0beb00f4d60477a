import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodeCertificate } from '../protocol/certificate-codec.ts';
import { toyVerifier } from '../protocol/fixtures/toy-adapter.ts';
import { run, toyCertificate } from '../protocol/fixtures/toy-certificate.ts';
import { audit } from './audit.ts';
import { encodeModel } from './model/onnx/encode.ts';
import { denseModel } from './provers/groth16/testing/dense.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-audit-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each([
  ['nothing', ''],
  ['text', 'no manifest'],
])('says of a file with %s that it is neither certificate nor manifest', async (_, content) => {
  const manifest = join(folder, 'junk');
  await writeFile(manifest, content);
  const limits = { parallel: 1, memory: 2 ** 30 };
  const report = audit({ manifest, model: 'no.onnx', limits }, { provers: new Map(), verifiers: [] });
  await expect(report).rejects.toMatchObject({
    code: 'ENCODING_INVALID',
    message: expect.stringContaining(`${manifest} is neither a certificate nor a manifest`),
    remedy: expect.any(String),
  });
});

it.each([
  ['a cut', { strategy: 'cuts=nowhere' }],
  ['shapes', { shapes: { nowhere: [1] } }],
])('says of another model that it is another, and not that it lacks %s of the recipe', async (_, change) => {
  const [manifest, model] = [join(folder, 'other.cert'), join(folder, 'other.onnx')];
  const certificate = toyCertificate(run([1n, 2n, 3n, 4n]));
  const recipe = { ...certificate.manifest.recipe, ...change };
  const changed = { ...certificate, manifest: { ...certificate.manifest, recipe } };
  await writeFile(manifest, encodeCertificate(changed));
  await writeFile(model, await encodeModel(denseModel));
  const limits = { parallel: 1, memory: 2 ** 30 };
  const report = await audit({ manifest, model, limits }, { provers: new Map(), verifiers: [toyVerifier()] });
  const codes = report.problems.map(({ code }) => code);
  expect(codes).toContain('MODEL_DIFFERS');
  expect(codes).not.toContain('RECIPE_INVALID');
});
