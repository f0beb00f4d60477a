import {
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../protocol/ids.ts';
import { ArtifactCache } from '../artifacts/cache.ts';
import { sha256File } from '../artifacts/digest.ts';
import { compileSegment } from '../provers/groth16/compile-segment.ts';
import { formatGroth16Params } from '../provers/groth16/parameters.ts';
import { createGroth16Prover } from '../provers/groth16/prover.ts';
import { denseModel, paramsOf } from '../provers/groth16/testing/dense.ts';
import { builtWorker } from '../provers/groth16/testing/worker.ts';
import { createGroth16Verifier, readSetupRecord } from '../provers/groth16/verifier/index.ts';
import type { Port, Prover } from '../provers/prover.ts';
import { type Ceremony, createCeremony } from './ceremony.ts';
import { encodeTranscript, type Transcript } from './transcript.ts';
import { TranscriptFolder } from './transcript-folder.ts';

const open: Port = { scheme: 'public', blinded: false };
const source = { model: denseModel, inputs: [open], outputs: [open] };
const params = formatGroth16Params(paramsOf(denseModel));
const input = [[-128n, 64n, 0n, 32n]];

let directory: string;
let constraints: string;
let ceremony: Ceremony;
/** A ceremony of three contributors a phase, at three moments. */
const folders = { powers: '', circuit: '', finished: '' };

const newCache = async () =>
  new ArtifactCache({ directory: await mkdtemp(join(directory, 'cache-')), maxBytes: 1e9 });
const copyOf = async (folder: string): Promise<string> => {
  const copy = join(await mkdtemp(join(directory, 'copy-')), 'transcript');
  await cp(folder, copy, { recursive: true });
  return copy;
};
const transcriptOf = (folder: string): Promise<Transcript> => new TranscriptFolder(folder).read();
const rewrite = (folder: string, transcript: Transcript): Promise<void> =>
  writeFile(join(folder, 'transcript.json'), encodeTranscript(transcript));

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-ceremony-'));
  const worker = await builtWorker();
  ceremony = createCeremony({ worker, cache: await newCache(), directory });
  constraints = join(directory, 'constraints.bin');
  await writeFile(constraints, (await compileSegment(source, paramsOf(denseModel))).constraints);
  const folder = join(directory, 'transcript');
  await ceremony.init(folder, constraints);
  for (let i = 0; i < 3; i++) await ceremony.contribute(folder);
  folders.powers = await copyOf(folder);
  await ceremony.finalize(folder, 'aabb');
  for (let i = 0; i < 3; i++) await ceremony.contribute(folder);
  folders.circuit = await copyOf(folder);
  await ceremony.finalize(folder, 'ccdd');
  folders.finished = folder;
});
afterAll(async () => {
  await ceremony.close();
  await rm(directory, { recursive: true });
});

describe('a finished ceremony', () => {
  it('is verified by anyone, who gets the same keys', async () => {
    const digest = await sha256File(constraints);
    const state = await ceremony.verify(folders.finished);
    expect(state).toMatchObject({ phase: 'finished', constraints: digest });
    expect([state.powers.length, state.circuit.length]).toEqual([3, 3]);
    const elsewhere = createCeremony({ worker: await builtWorker(), cache: await newCache(), directory });
    try {
      expect(await elsewhere.finalize(await copyOf(folders.finished))).toEqual(state);
    } finally {
      await elsewhere.close();
    }
  });

  it('takes neither a contribution nor a beacon any more', async () => {
    await expect(ceremony.contribute(folders.finished)).rejects.toMatchObject({ code: 'USAGE' });
    await expect(ceremony.finalize(folders.finished, '01')).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('gives the keys that circuits are proven with, and that an audit compares', async () => {
    const cache = await newCache();
    const worker = await builtWorker();
    const prover: Prover = createGroth16Prover({ worker, cache, directory, setup: 'ceremony' });
    const here = createCeremony({ worker, cache, directory });
    try {
      const refused = await prover.compile(source, params).catch((error: unknown) => error);
      expect(refused).toMatchObject({
        code: 'KEYS_MISSING',
        details: { constraints: await sha256File(constraints) },
      });
      const { path } = (refused as { details: { path: string } }).details;
      expect(await sha256File(path)).toBe(await sha256File(constraints));

      const state = await here.finalize(await copyOf(folders.finished));
      const segment = await prover.compile(source, params);
      const artifacts = await prover.artifacts(segment);
      expect(segment.circuit.artifacts.verifyingKey).toBe(state.verifyingKey);
      expect(readSetupRecord(artifacts.setup ?? new Uint8Array())).toEqual({
        trust: 'ceremony',
        constraints: state.constraints,
        transcript: state.transcript,
        powersContributors: 3,
        circuitContributors: 3,
      });
      const verifier = createGroth16Verifier();
      expect(verifier.describe(segment.circuit, artifacts).trust).toBe('ceremony');
      const proof = await prover.prove(segment, input);
      const check = { circuit: segment.circuit, artifacts, proof, srs: new Uint8Array() };
      expect(await verifier.verify(check)).toMatchObject([{ verdict: 'valid' }]);

      const stated = { circuit: segment.circuit, artifacts };
      expect((await prover.rebuild?.(source, params, stated))?.circuit).toEqual(segment.circuit);
      const forged = {
        ...segment.circuit,
        artifacts: { ...segment.circuit.artifacts, verifyingKey: 'ab'.repeat(32) },
      };
      const rebuilt = await prover.rebuild?.(source, params, { circuit: forged, artifacts });
      expect(rebuilt?.circuit.artifacts).toEqual(segment.circuit.artifacts);
    } finally {
      await here.close();
      await prover.close();
    }
  });

  it('keeps other keys of the same constraints in place', async () => {
    const other = await copyOf(folders.circuit);
    await expect(ceremony.finalize(other, 'eeff')).rejects.toMatchObject({ code: 'USAGE' });
    expect((await ceremony.verify(other)).phase).toBe('circuit');
  });
});

describe('a ceremony under way', () => {
  it('begins with the powers and closes no phase that nobody contributed to', async () => {
    const folder = join(await mkdtemp(join(directory, 'new-')), 'transcript');
    const state = await ceremony.init(folder, constraints);
    expect(state).toMatchObject({ phase: 'powers', powers: [], circuit: [] });
    await expect(ceremony.init(folder, constraints)).rejects.toMatchObject({ code: 'USAGE' });
    await expect(ceremony.finalize(folder, '01')).rejects.toMatchObject({ code: 'USAGE' });
  });

  it.each([undefined, '', 'xyz', 'abc', 'ab'.repeat(1025)])(
    'closes no phase with the beacon %s',
    async (beacon) => {
      await expect(ceremony.finalize(folders.powers, beacon)).rejects.toMatchObject({ code: 'USAGE' });
    },
  );

  it('refuses a file that is no constraint system, and a folder that is no transcript', async () => {
    const text = join(directory, 'text');
    await writeFile(text, 'no constraints');
    await expect(ceremony.init(join(directory, 'none'), text)).rejects.toMatchObject({
      code: 'PROVER_FAILED',
    });
    await expect(ceremony.verify(join(directory, 'none'))).rejects.toMatchObject({ code: 'USAGE' });
    await expect(ceremony.contribute(join(directory, 'none'))).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('names each contribution by its digest', async () => {
    const folder = await copyOf(folders.powers);
    const { contribution, powers } = await ceremony.contribute(folder);
    expect(powers.at(-1)).toBe(contribution);
    expect(sha256Hex(await readFile(join(folder, 'files', contribution)))).toBe(contribution);
  });

  it('goes on after an interruption', async () => {
    const folder = await copyOf(folders.powers);
    const interruption = new AbortController();
    const interrupted = ceremony.contribute(folder, {
      signal: interruption.signal,
      onProgress: (step) => {
        if (step === 'contributing') interruption.abort();
      },
    });
    await expect(interrupted).rejects.toMatchObject({ code: 'ABORTED' });
    // A process that is killed removes nothing.
    await mkdir(join(folder, 'unfinished'), { recursive: true });
    await writeFile(join(folder, 'unfinished', 'contribution'), 'half of one');
    await writeFile(join(folder, 'unfinished', 'transcript.json'), '{"version":1,');
    expect((await ceremony.contribute(folder)).powers).toHaveLength(4);
    expect((await readdir(folder)).sort()).toEqual(['files', 'transcript.json']);
  });
});

describe('a transcript of somebody who cheats', () => {
  const refusal = async (folder: string): Promise<unknown> => {
    const verified = await ceremony.verify(folder).catch((error: unknown) => error);
    const contributed = await ceremony.contribute(folder).catch((error: unknown) => error);
    expect(contributed).toMatchObject({ code: (verified as { code?: string }).code });
    return verified;
  };

  it.each(['powers', 'circuit'] as const)('is refused with a false contribution to the %s', async (phase) => {
    const folder = await copyOf(folders[phase]);
    const transcript = await transcriptOf(folder);
    const bytes = await readFile(join(folder, 'files', transcript[phase][1] ?? ''));
    // The proof of another contribution in place of this one's.
    const other = await readFile(join(folder, 'files', transcript[phase][0] ?? ''));
    const proofAt = phase === 'powers' ? 0 : bytes.length - 32 - 97;
    other.copy(bytes, proofAt, proofAt, proofAt + 96);
    await writeFile(join(folder, 'files', sha256Hex(bytes)), bytes);
    const contributions = transcript[phase].with(1, sha256Hex(bytes));
    await rewrite(folder, { ...transcript, [phase]: contributions });
    expect(await refusal(folder)).toMatchObject({ code: 'PROVER_FAILED' });
  });

  it.each(['powers', 'circuit'] as const)(
    'is refused with contributions to the %s swapped',
    async (phase) => {
      const folder = await copyOf(folders[phase]);
      const transcript = await transcriptOf(folder);
      const [first = '', second = '', third = ''] = transcript[phase];
      await rewrite(folder, { ...transcript, [phase]: [second, first, third] });
      expect(await refusal(folder)).toMatchObject({
        code: 'PROVER_FAILED',
        message: expect.stringContaining(`contribution 1 to the ${phase} is false`),
      });
    },
  );

  it.each(['powers', 'circuit'] as const)(
    'is refused with a contribution to the %s left out',
    async (phase) => {
      const folder = await copyOf(folders[phase]);
      const transcript = await transcriptOf(folder);
      const [first = '', , third = ''] = transcript[phase];
      await rewrite(folder, { ...transcript, [phase]: [first, third] });
      expect(await refusal(folder)).toMatchObject({
        code: 'PROVER_FAILED',
        message: expect.stringContaining(`contribution 2 to the ${phase} is false`),
      });
    },
  );

  it('is refused with another beacon between the phases', async () => {
    const folder = await copyOf(folders.circuit);
    await rewrite(folder, { ...(await transcriptOf(folder)), powersBeacon: 'aabc' });
    expect(await refusal(folder)).toMatchObject({ code: 'PROVER_FAILED' });
  });

  it('gives other keys when it is cut short by its last contribution', async () => {
    const folder = await copyOf(folders.finished);
    const transcript = await transcriptOf(folder);
    await rewrite(folder, { ...transcript, circuit: transcript.circuit.slice(0, 2) });
    const [cut, whole] = [await ceremony.verify(folder), await ceremony.verify(folders.finished)];
    expect(cut.transcript).not.toBe(whole.transcript);
    expect(cut.verifyingKey).not.toBe(whole.verifyingKey);
    await expect(ceremony.finalize(folder)).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('is refused with a file that is cut short, missing or another one', async () => {
    const damages: ((file: string, another: string) => Promise<void>)[] = [
      (file) => truncate(file, 100),
      (file) => rm(file),
      (file, another) => copyFile(another, file),
    ];
    for (const damage of damages) {
      const folder = await copyOf(folders.circuit);
      const { constraints: system, powers, circuit } = await transcriptOf(folder);
      for (const name of [system, powers[2] ?? '', circuit[0] ?? '']) {
        const file = join(folder, 'files', name);
        const kept = await readFile(file);
        await damage(file, join(folder, 'files', powers[0] ?? ''));
        expect(await refusal(folder)).toMatchObject({ code: 'ENCODING_INVALID', details: { digest: name } });
        await writeFile(file, kept);
      }
    }
  });

  it('writes nothing through the links of its folder', async () => {
    const folder = await copyOf(folders.powers);
    const outside = await mkdtemp(join(directory, 'outside-'));
    const kept = join(outside, 'transcript.json');
    await writeFile(kept, 'kept');
    await symlink(outside, join(folder, 'unfinished'));
    const manifest = join(folder, 'transcript.json');
    await rename(manifest, join(outside, 'manifest'));
    await symlink(join(outside, 'manifest'), manifest);
    const before = await readFile(join(outside, 'manifest'), 'utf8');
    expect((await ceremony.contribute(folder)).powers).toHaveLength(4);
    expect(await readFile(kept, 'utf8')).toBe('kept');
    expect(await readFile(join(outside, 'manifest'), 'utf8')).toBe(before);
    expect((await readdir(outside)).sort()).toEqual(['manifest', 'transcript.json']);
  });

  it('is refused for a circuit of another size', async () => {
    const folder = await copyOf(folders.powers);
    const committed: Port = { scheme: 'poseidon2', blinded: false };
    const larger = await compileSegment({ ...source, inputs: [committed] }, paramsOf(denseModel));
    const digest = sha256Hex(larger.constraints);
    await writeFile(join(folder, 'files', digest), larger.constraints);
    await rewrite(folder, { ...(await transcriptOf(folder)), constraints: digest });
    expect(await refusal(folder)).toMatchObject({ code: 'PROVER_FAILED' });
  });
});
