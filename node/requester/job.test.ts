import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ArtifactCache } from '../artifacts/cache.ts';
import { openCalibrationStore } from '../plan/calibration-store.ts';
import { chooseForGroth16 } from '../plan/parameters/groth16.ts';
import { createGroth16Prover } from '../provers/groth16/prover.ts';
import { type JobRequest, planRequest, prepareJob } from './job.ts';

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

describe('what is decided for an input', () => {
  const pixels = (most: number) => Array.from({ length: 784 }, (_, i) => (most * ((i * 37) % 256)) / 255);
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(folder, 'calibrated-'));
  });

  /** The parameters of all circuits, kept for later inputs, and what was said. */
  async function planned(images: number[][], given: Partial<JobRequest> = {}) {
    const [input, calibration] = [join(directory, 'input.json'), join(directory, 'samples.json')];
    await writeFile(input, JSON.stringify({ image: images[0] }));
    await writeFile(calibration, JSON.stringify({ image: images.slice(1).flat() }));
    const prover = createGroth16Prover({
      worker: join(directory, 'no-worker'),
      cache: new ArtifactCache({ directory: join(directory, 'cache'), maxBytes: 2 ** 30 }),
      directory,
    });
    const notes: string[] = [];
    try {
      const { plans, keepRanges } = await planRequest(
        {
          ...{ model, input, strategy: 'parts=1', limits: { parallel: 1, memory: 2 ** 31 } },
          ...(images.length > 1 ? { calibration } : {}),
          ...given,
        },
        {
          provers: new Map([[prover.name, prover]]),
          choices: new Map([[prover.name, chooseForGroth16]]),
          calibrations: openCalibrationStore(join(directory, 'calibrations')),
        },
        { onProgress: (event) => event.type === 'note' && notes.push(event.message) },
      );
      await keepRanges();
      return { params: plans.map(({ params }) => params), notes };
    } finally {
      await prover.close();
    }
  }

  it('does not depend on a badly scaled one before it, which is said to be that', async () => {
    const first = await planned([pixels(1)]);
    expect(first.notes).toEqual([]);
    const bad = await planned([pixels(1000)]);
    expect(bad.notes).toEqual([
      expect.stringMatching(/lies 800 times outside .* normalised as in training\?/),
    ]);
    expect(bad.params).not.toEqual(first.params);
    expect(await planned([pixels(1)])).toEqual(first);
  });

  it('is the same where the badly scaled one came first', async () => {
    const alone = await planned([pixels(1)]);
    directory = await mkdtemp(join(folder, 'calibrated-'));
    await planned([pixels(255)]);
    const { params, notes } = await planned([pixels(1)]);
    expect(params).toEqual(alone.params);
    expect(notes).toEqual([expect.stringContaining('times smaller than what the model has seen')]);
  });

  it('follows samples that were given once, narrower than what was seen, until others are', async () => {
    const wide = await planned([pixels(3)]);
    const sampled = await planned([pixels(1), pixels(1), pixels(0.5)]);
    expect(sampled.params).not.toEqual(wide.params);
    expect(await planned([pixels(1)])).toEqual(sampled);
    expect(await planned([pixels(0.7)])).toEqual(sampled);
  });
});
