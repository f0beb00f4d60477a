import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeCertificate, encodeCertificate } from '../../protocol/certificate-codec.ts';
import { branchingModel } from '../../tests/support/branching-model.ts';
import { type Ended, interruptedTessera, run, tessera } from '../../tests/support/command-line.ts';
import { describeWithEzkl } from '../../tests/support/ezkl-python.ts';
import { encodeModel } from '../model/onnx/encode.ts';
import { readSettings } from './settings.ts';

const noNetwork = {
  NODE_OPTIONS: `--import=${fileURLToPath(new URL('../../tests/support/no-network.ts', import.meta.url))}`,
};

describeWithEzkl('prove and verify, as scripts use them', () => {
  let folder: string;
  let certificate: string;
  let env: NodeJS.ProcessEnv;
  let interrupted: Ended & { outlived: boolean };
  let filesAfterInterruption: string[];
  let keysAfterInterruption: Record<string, number>;
  let proven: Ended;

  /** When each proving key in the cache was made. */
  async function cachedKeys(): Promise<Record<string, number>> {
    const keys = join(folder, 'home', 'cache', 'ezkl-keys');
    const names = (await readdir(keys)).filter((name) => /^[0-9a-f]{64}$/.test(name)).sort();
    const made = async (name: string) => (await stat(join(keys, name, 'proving.key'))).mtimeMs;
    return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await made(name)])));
  }

  // One job for all tests: interrupted while it proves, then run again to its end.
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-prove-'));
    const home = join(folder, 'home');
    await mkdir(home);
    await symlink(readSettings(process.env).directory.python, join(home, 'python'));
    env = { TESSERA_HOME: home, TESSERA_WITHOUT_GROTH16: '1' };
    await writeFile(join(folder, 'model.onnx'), await encodeModel(branchingModel()));
    const image = Array.from({ length: 36 }, (_, i) => ((i * 37) % 128) / 128);
    await writeFile(join(folder, 'image.json'), JSON.stringify({ image }));

    certificate = join(folder, 'out', 'job.cert');
    await mkdir(join(folder, 'out'));
    const job = ['prove', join(folder, 'model.onnx'), '--input', join(folder, 'image.json')];
    job.push('--by', 'parts=2', '--parallel', '1', '--memory', '4GiB', '--out', certificate, '--json');
    interrupted = await interruptedTessera([...job, '--progress'], 'proving 0/2', env);
    filesAfterInterruption = await readdir(join(folder, 'out'));
    keysAfterInterruption = await cachedKeys();
    proven = await tessera(job, env);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Writes a copy of the certificate whose last proof has another last byte, sealed with a right digest. */
  async function forge(): Promise<string> {
    const genuine = decodeCertificate(new Uint8Array(await readFile(certificate)));
    const proofs = genuine.proofs.map((proof, index) =>
      proof === null || index !== genuine.proofs.length - 1
        ? proof
        : { ...proof, bytes: proof.bytes.with(-1, (proof.bytes.at(-1) ?? 0) ^ 1) },
    );
    const path = join(folder, 'forged.cert');
    await writeFile(path, encodeCertificate({ ...genuine, proofs }));
    return path;
  }

  test('an interruption ends with 130 and what to do, leaves no process and no certificate', () => {
    expect(interrupted.status).toBe(130);
    expect(JSON.parse(interrupted.stdout).error).toMatchObject({
      code: 'ABORTED',
      remedy: expect.stringContaining('again'),
    });
    expect(interrupted.outlived).toBe(false);
    expect(filesAfterInterruption).toEqual([]);
  });

  test('run again, the job goes on with the keys that were made', async () => {
    expect(Object.keys(keysAfterInterruption)).toHaveLength(2);
    expect(await cachedKeys()).toEqual(keysAfterInterruption);
  });

  test('prove prints its report and nothing else on standard output', () => {
    expect(proven.status).toBe(0);
    expect(JSON.parse(proven.stdout)).toEqual({
      certificate,
      model: expect.stringMatching(/^[0-9a-f]{64}$/),
      trust: 'development',
      strategy: 'parts=2',
      rewrites: [],
      segments: ['stem', 'branch'].map((id) => ({
        id,
        prover: 'ezkl',
        constraints: expect.any(Number),
        seconds: expect.any(Number),
        peakBytes: expect.any(Number),
        setupSeconds: 0,
        setupPeakBytes: 0,
        expected: expect.objectContaining({ prover: 'ezkl', constraints: expect.any(Number) }),
      })),
      seconds: expect.any(Number),
      peakBytes: expect.any(Number),
      outputs: [
        {
          name: 'scores',
          float: [expect.any(Number), expect.any(Number), expect.any(Number)],
          proven: [expect.any(Number), expect.any(Number), expect.any(Number)],
          maxDifference: expect.any(Number),
          maxMagnitude: expect.any(Number),
          sameClass: true,
        },
      ],
      warnings: [],
    });
    expect(JSON.parse(proven.stdout).peakBytes).toBeGreaterThan(0);
  });

  test('verify refuses development keys with 3, and accepts them with 0 where they are allowed', async () => {
    const refused = await tessera(['verify', certificate, '--json'], env);
    expect(refused.status).toBe(3);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      valid: false,
      trust: 'development',
      problems: [{ code: 'TRUST_DEVELOPMENT' }],
    });
    const allowed = await tessera(['verify', certificate, '--allow-development', '--json'], env);
    expect([allowed.status, allowed.stderr]).toEqual([0, '']);
    const report = JSON.parse(allowed.stdout);
    expect(report).toMatchObject({
      valid: true,
      trust: 'development',
      model: JSON.parse(proven.stdout).model,
      segments: [
        { id: 'stem', prover: 'ezkl', valid: true, reason: null },
        { id: 'branch', prover: 'ezkl', valid: true, reason: null },
      ],
      problems: [],
      outputs: [{ name: 'scores', scheme: 'public', values: JSON.parse(proven.stdout).outputs[0].proven }],
    });
    expect(report.links).toContainEqual(
      expect.objectContaining({
        edge: 'trunk',
        from: 'stem',
        to: 'branch',
        scheme: 'kzg',
        valid: true,
        reason: null,
      }),
    );
  });

  test('verify ends with 1 for a forged proof, whether or not development keys are allowed', async () => {
    const forged = await forge();
    for (const flags of [[], ['--allow-development']]) {
      const { status, stdout } = await tessera(['verify', forged, ...flags, '--json'], env);
      expect(status).toBe(1);
      const report = JSON.parse(stdout);
      expect(report.valid).toBe(false);
      expect(report.segments).toMatchObject([{ valid: true }, { id: 'branch', valid: false }]);
      expect(report.problems).toContainEqual(
        expect.objectContaining({ code: 'PROOF_INVALID', segment: 'branch' }),
      );
    }
  });

  test('verify ends with 1 for a file with one byte changed', async () => {
    const bytes = await readFile(certificate);
    const damaged = join(folder, 'damaged.cert');
    await writeFile(damaged, bytes.with(1000, (bytes[1000] ?? 0) ^ 1));
    const { status, stdout } = await tessera(['verify', damaged, '--allow-development', '--json'], env);
    expect([status, JSON.parse(stdout).error.code]).toEqual([1, 'CERTIFICATE_DAMAGED']);
  });

  test('verify needs no network and no Python', async () => {
    const attempt = await run(process.execPath, ['-e', 'fetch("http://127.0.0.1:8080")'], {
      env: { ...process.env, ...noNetwork },
    });
    expect(attempt.stderr).toContain('A connection was attempted');

    const elsewhere = { ...noNetwork, TESSERA_HOME: join(folder, 'elsewhere'), PATH: '' };
    const { status, stdout } = await tessera(
      ['verify', certificate, '--allow-development', '--json'],
      elsewhere,
    );
    expect([status, JSON.parse(stdout).valid]).toEqual([0, true]);
  });

  test('audit ends with 0 for the model that was proven, and with 1 for another', async () => {
    const model = join(folder, 'model.onnx');
    const same = await tessera(['audit', certificate, '--model', model, '--json'], env);
    expect(JSON.parse(same.stdout)).toMatchObject({ ok: true, problems: [] });
    expect(same.status).toBe(0);

    const other = join(folder, 'other.onnx');
    await writeFile(other, await encodeModel(branchingModel(8)));
    const different = await tessera(['audit', certificate, '--model', other, '--json'], env);
    expect(JSON.parse(different.stdout)).toMatchObject({ ok: false });
    expect(different.status).toBe(1);
  });
});
