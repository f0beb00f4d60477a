import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ArtifactCache } from '../artifacts/cache.ts';
import { openCalibrationStore } from '../plan/calibration-store.ts';
import { chooseForGroth16 } from '../plan/parameters/groth16.ts';
import { createGroth16Prover } from '../provers/groth16/prover.ts';
import { prepareJob } from './job.ts';

const model = fileURLToPath(new URL('../../models/mlp.onnx', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-job-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('keeps nothing of an input that no circuit can hold, and names the segment', async () => {
  const input = join(folder, 'input.json');
  await writeFile(input, JSON.stringify({ image: new Array(784).fill(1e30) }));
  const prover = createGroth16Prover({
    // Never started: the circuit is refused before it needs keys.
    worker: join(folder, 'no-worker'),
    cache: new ArtifactCache({ directory: join(folder, 'cache'), maxBytes: 2 ** 30 }),
    directory: folder,
  });
  const calibrations = join(folder, 'calibrations');
  const job = prepareJob(
    { model, input, strategy: 'auto', limits: { parallel: 1, memory: 2 ** 31 } },
    {
      provers: new Map([[prover.name, prover]]),
      choices: new Map([[prover.name, chooseForGroth16]]),
      calibrations: openCalibrationStore(calibrations),
    },
  );
  await expect(job).rejects.toMatchObject({
    code: 'RANGE_EXCEEDED',
    message: expect.stringContaining('Segment 2-Gemm'),
    remedy: expect.stringContaining('Normalise'),
  });
  await expect(readdir(calibrations)).rejects.toMatchObject({ code: 'ENOENT' });
  await prover.close();
});
