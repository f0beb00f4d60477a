import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodeCertificate } from '../protocol/certificate-codec.ts';
import { run, toyCertificate } from '../protocol/fixtures/toy-certificate.ts';
import { requireOutput } from './files/output-place.ts';
import { encodeModel } from './model/onnx/encode.ts';
import { openCalibrationStore } from './plan/calibration-store.ts';
import { type ProveModules, prove } from './prove.ts';
import { denseModel } from './provers/groth16/testing/dense.ts';
import { certifyJob } from './requester/job.ts';
import { Groth16Jobs } from './requester/network/testing/groth16-jobs.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-prove-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each([
  ['a directory that does not exist', ['absent', 'job.cert']],
  ['a path that is a directory', []],
])('refuses %s before any work', async (_, path) => {
  const limits = { parallel: 1, memory: 2 ** 30 };
  // Neither file exists: reading one of them would fail otherwise.
  const request = { model: 'no.onnx', input: 'no.json', strategy: 'auto', limits };
  const modules = {
    provers: new Map(),
    choices: new Map(),
    calibrations: openCalibrationStore(folder),
    verifiers: [],
  };
  const out = join(folder, ...path);
  await expect(prove({ ...request, out }, modules)).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
    message: expect.stringContaining(out),
    remedy: expect.stringContaining('--out'),
  });
});

it('replaces no file but a certificate', async () => {
  const at = (name: string) => join(folder, name);
  const request = { model: at('kept.onnx'), input: at('kept.json'), calibration: at('kept.npy') };
  const kept = [...Object.values(request), at('notes.txt')];
  await Promise.all(kept.map((path) => writeFile(path, 'mine')));
  await symlink(request.model, at('link'));
  const refused: [string, string][] = [
    [request.model, 'the model'],
    [at('link'), 'the model'],
    [request.input, 'the input'],
    [request.calibration, '--calibrate'],
    [at('notes.txt'), 'no certificate'],
  ];
  for (const [out, why] of refused) {
    await expect(requireOutput(out, request)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(why),
      remedy: expect.stringContaining('another name'),
    });
  }
  for (const path of kept) expect(await readFile(path, 'utf8')).toBe('mine');

  const earlier = at('earlier.cert');
  await writeFile(earlier, encodeCertificate(toyCertificate(run([1n, -2n, 3n, 4n]))));
  await requireOutput(earlier, { ...request, commit: 'input' });
  await writeFile(`${earlier}.opening`, 'mine');
  await requireOutput(earlier, request);
  await expect(requireOutput(earlier, { ...request, commit: 'input' })).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('.opening'),
  });
});

it('has what others proved forgotten once the certificate is written, and not before', async () => {
  const jobs = await Groth16Jobs.open();
  try {
    const [model, input] = [join(folder, 'model.onnx'), join(folder, 'input.json')];
    await writeFile(model, await encodeModel(denseModel));
    await writeFile(input, JSON.stringify({ x: [1, -1, 0.5, 0.25] }));
    const limits = { parallel: 1, memory: 2e9 };
    const place = join(folder, 'place');
    const request = { model, input, strategy: 'parts=2', limits, out: join(place, 'job.cert') };
    /** At each forgetting, whether the certificate was there. */
    const forgotten: boolean[] = [];
    const proveElsewhere =
      (before: () => Promise<void>): NonNullable<ProveModules['proveElsewhere']> =>
      async (job, modules) => {
        const proofs = [await jobs.prove(job, 0), await jobs.prove(job, 1)];
        const certificate = await certifyJob(job, proofs, modules);
        await before();
        const forget = async () => void forgotten.push(existsSync(request.out));
        return { certificate, blindings: job.blindings, forget };
      };
    await mkdir(place);
    const vanish = () => rm(place, { recursive: true });
    const failing = prove(request, { ...jobs.modules, proveElsewhere: proveElsewhere(vanish) });
    await expect(failing).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(forgotten).toEqual([]);
    await mkdir(place);
    await prove(request, { ...jobs.modules, proveElsewhere: proveElsewhere(async () => {}) });
    expect(forgotten).toEqual([true]);
  } finally {
    await jobs.close();
  }
});
