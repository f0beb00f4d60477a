import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sha256Hex } from '../../protocol/ids.ts';
import { segmentRecipeFormat } from '../../protocol/job/index.ts';
import { branchingModel } from '../../tests/support/branching-model.ts';
import { describeWithEzkl } from '../../tests/support/ezkl-python.ts';
import { image, Proving } from '../../tests/support/proving.ts';
import { parseArtifactCid } from '../artifacts/store/index.ts';
import { startTestPeer, type TestPeer } from '../artifacts/transfer/testing/peer.ts';
import { ArtifactAccess } from '../job/artifact-access.ts';
import { roles } from '../job/segment-files.ts';
import { openCalibrationStore } from '../plan/calibration-store.ts';
import { chooseForEzkl } from '../plan/parameters/ezkl.ts';
import type { KeyFile, Prover } from '../provers/prover.ts';
import { commitEdges } from '../requester/commit-edges.ts';
import { draftJobCertificate, type Job, prepareJob } from '../requester/job.ts';
import { publishSegments } from '../requester/network/publish-segments.ts';
import { srsFiles } from '../requester/srs-files.ts';
import { segmentProver } from './prove-segment.ts';
import type { SegmentTask } from './segment-work.ts';

let proving: Proving;
let requester: TestPeer;
let job: Job;
beforeAll(async () => {
  proving = await Proving.open();
  requester = await peer();
  const model = await proving.writeModel('model.onnx', branchingModel());
  const input = await proving.writeInputs('input.json', { image: image(36) });
  job = await prepareJob(
    { model, input, strategy: 'parts=1', scale: 4, limits: { parallel: 1, memory: 4e9 } },
    { ...modules(proving.prover), choices, calibrations: openCalibrationStore(proving.path('calibrations')) },
  );
});
afterAll(async () => {
  await requester.stop();
  await proving.close();
});

const choices = new Map([['ezkl', chooseForEzkl]]);
const modules = (prover: Prover) => ({
  provers: new Map([['ezkl', prover]]),
  verifiers: [proving.verifier],
});

async function peer(): Promise<TestPeer> {
  return startTestPeer({
    directory: await mkdtemp(proving.path('peer-')),
    options: { download: { searchPausesMs: [0], searchMs: 500, retryMs: 50 } },
  });
}

const jobId = '00'.repeat(32);

/** The job's one segment as the requester assigns it. @param prover the requester's */
async function publish(prover: Prover): Promise<{ task: SegmentTask; keys: string[] }> {
  const { provers, verifiers } = modules(prover);
  const { manifest } = await draftJobCertificate(job, { provers }, {});
  const srs = await srsFiles(job.plans, provers, { memoryLimit: job.limits.memory });
  const commitments = await commitEdges(job, verifiers, srs, {});
  const artifacts = new ArtifactAccess(requester.exchange);
  const published = await publishSegments({
    ...{ job, manifest, commitments, provers, artifacts, keepFor: jobId },
    announce: 'shared',
  });
  const { peerId } = requester.libp2p;
  const source = { peer: peerId.toString(), addresses: requester.libp2p.getMultiaddrs().map(String) };
  const { segments, ...digests } = published;
  const assignment = { segment: 0, ...digests, ...segments[0], job: jobId };
  const exported = (await prover.exportReadyKeys?.(job.segments[0]?.compiled as never)) ?? new Map();
  const keys = [...exported.values()].flatMap(({ sha256 }: KeyFile) =>
    [requester.store.findByDigest(sha256)?.cid.toString()].filter((cid) => cid !== undefined),
  );
  return { task: { id: jobId, assignment, source, access: 'open' } as never, keys };
}

/** Proves the segment on another machine, with caches of its own; says what became of its keys. */
async function prove(task: SegmentTask, setupSeconds: number) {
  const cache = `worker-${Math.random()}`;
  const worker = await peer();
  const prover = proving.newProver(cache);
  const useless: unknown[] = [];
  const scratch = proving.path(`${cache}-scratch`);
  await mkdir(scratch);
  try {
    const work = segmentProver({
      artifacts: new ArtifactAccess(worker.exchange),
      ...modules(prover),
      scratch,
      memory: 4e9,
      keys: {
        setupSeconds: () => setupSeconds,
        spareDisk: async () => 1e12,
        onUseless: (error) => useless.push(error),
      },
    });
    const outcome = await work(task, {
      signal: new AbortController().signal,
      onStage: () => {},
      exclusively: (_, act) => act(),
    });
    return {
      outcome: outcome.kind,
      made: await hasEntry(proving.path(`${cache}/ezkl-keys`)),
      fetched: await hasEntry(proving.path(`${cache}/ezkl-ready-keys`)),
      useless,
      left: await readdir(scratch),
    };
  } finally {
    await prover.close();
    await worker.stop();
  }
}

/** Whether a cache has an entry of the kind whose directory this is. */
async function hasEntry(directory: string): Promise<boolean> {
  return existsSync(directory) && (await readdir(directory)).some((name) => /^[0-9a-f]{64}$/.test(name));
}

/** Longer than any fetch takes. */
const forever = 1e6;

describeWithEzkl('a worker', () => {
  it('fetches the keys where that is expected to be sooner, and makes none', async () => {
    const { task } = await publish(proving.prover);
    const { useless, ...came } = await prove(task, forever);
    expect(useless).toEqual([]);
    expect(came).toEqual({ outcome: 'proof', made: false, fetched: true, left: [] });
  });

  it('makes the keys where the requester’s come to no proof, and proves all the same', async () => {
    const { task } = await publish(withDamagedKey(proving.prover));
    const { useless, ...came } = await prove(task, forever);
    expect(useless).toHaveLength(1);
    expect(came).toEqual({ outcome: 'proof', made: true, fetched: true, left: [] });
  });

  it('is not told of keys that are damaged on the requester’s disk', async () => {
    const readyKeysOf = async (prover: Prover) => {
      const { task } = await publish(prover);
      const cid = parseArtifactCid(task.assignment.artifacts[roles.recipe] ?? '');
      const bytes: Uint8Array[] = [];
      for await (const block of requester.store.get(cid)) bytes.push(block);
      return segmentRecipeFormat.decode(Buffer.concat(bytes)).readyKeys;
    };
    expect(Object.keys((await readyKeysOf(proving.prover)) ?? {})).toHaveLength(2);
    expect(await readyKeysOf(withDamagedFile(proving.prover))).toBeUndefined();
  });

  it('makes the keys where the requester’s cannot be fetched', async () => {
    const { task, keys } = await publish(proving.prover);
    expect(keys).toHaveLength(2);
    for (const key of keys) {
      const cid = parseArtifactCid(key);
      await requester.store.release(jobId);
      expect(await requester.store.remove(cid)).toBe(true);
    }
    expect(await prove(task, forever)).toMatchObject({ outcome: 'proof', made: true, fetched: false });
  });
});

/** Gives a proving key whose bytes are no longer those that it was made with. */
function withDamagedFile(honest: Prover): Prover {
  return withProvingKey(honest, async (key) => ({ ...key, sha256: 'ab'.repeat(32) }));
}

/** Gives a proving key that is none, under its true digest. */
function withDamagedKey(honest: Prover): Prover {
  return withProvingKey(honest, async (key) => {
    const path = proving.path('damaged.key');
    await copyFile(key.path, path);
    const bytes = await readFile(path);
    bytes.fill(1, Math.floor(bytes.length / 4));
    await writeFile(path, bytes);
    return { path, bytes: bytes.length, sha256: sha256Hex(bytes) };
  });
}

function withProvingKey(honest: Prover, change: (key: KeyFile) => Promise<KeyFile>): Prover {
  return {
    ...honest,
    async exportReadyKeys(segment) {
      const keys = new Map(await honest.exportReadyKeys?.(segment));
      return keys.set('provingKey', await change(keys.get('provingKey') as KeyFile));
    },
  };
}
