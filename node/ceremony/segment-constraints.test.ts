import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ArtifactCache } from '../artifacts/cache.ts';
import { sha256File } from '../artifacts/digest.ts';
import { openCalibrationStore } from '../plan/calibration-store.ts';
import { chooseForGroth16 } from '../plan/parameters/groth16.ts';
import { createGroth16Prover } from '../provers/groth16/prover.ts';
import { builtWorker } from '../provers/groth16/testing/worker.ts';
import type { Prover } from '../provers/prover.ts';
import { type JobRequest, prepareJob } from '../requester/job.ts';
import { createCeremony } from './ceremony.ts';
import { openSegmentConstraints, type SegmentConstraintsModules } from './segment-constraints.ts';

let folder: string;
let worker: string;
let request: JobRequest;
let prover: Prover;
let modules: SegmentConstraintsModules;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-segment-'));
  worker = await builtWorker();
  const cache = new ArtifactCache({ directory: join(folder, 'cache'), maxBytes: 2 ** 30 });
  prover = createGroth16Prover({ worker, cache, directory: folder, setup: 'ceremony' });
  modules = {
    provers: new Map([[prover.name, prover]]),
    choices: new Map([[prover.name, chooseForGroth16]]),
    calibrations: openCalibrationStore(join(folder, 'calibrations')),
    cache,
  };
  const input = join(folder, 'input.json');
  const image = Array.from({ length: 784 }, (_, i) => ((i * 37) % 128) / 128);
  await writeFile(input, JSON.stringify({ image }));
  request = {
    model: fileURLToPath(new URL('../../models/mlp.onnx', import.meta.url)),
    input,
    strategy: 'parts=2',
    limits: { parallel: 1, memory: 2 ** 31 },
  };
});
afterAll(async () => {
  await prover.close();
  await rm(folder, { recursive: true, force: true });
});

describe('openSegmentConstraints', () => {
  it('gives the constraints that proving asks a ceremony for', async () => {
    const wanted = (await prepareJob(request, modules).catch((error: unknown) => error)) as {
      code: string;
      details: { constraints: string };
    };
    expect(wanted.code).toBe('KEYS_MISSING');
    const first = await openSegmentConstraints(request, '0', modules);
    expect(await sha256File(first.path)).toBe(wanted.details.constraints);
    await first.release();
  });

  it('takes a later segment by its name or place, without keys of those before it', async () => {
    const last = await openSegmentConstraints(request, '1', modules);
    const named = await openSegmentConstraints(request, last.segment, modules);
    expect(named).toMatchObject({ segment: last.segment, path: last.path });
    const ceremony = createCeremony({ worker, cache: modules.cache, directory: folder });
    try {
      const state = await ceremony.init(join(folder, 'transcript'), named.path);
      expect(state).toMatchObject({ phase: 'powers', constraints: await sha256File(last.path) });
    } finally {
      await ceremony.close();
      await Promise.all([last.release(), named.release()]);
    }
  });

  it('lists the segments where none is so called', async () => {
    for (const name of ['2', '-1', 'elsewhere', '']) {
      await expect(openSegmentConstraints(request, name, modules)).rejects.toMatchObject({
        code: 'USAGE',
        remedy: expect.stringMatching(/0 \(.+\), 1 \(.+\)/),
      });
    }
  });
});
