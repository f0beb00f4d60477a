import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ArtifactCache } from '../node/artifacts/cache.ts';
import { type AuditReport, audit } from '../node/audit.ts';
import { readDigits } from '../node/demo/digits.ts';
import { packageRoot } from '../node/package.ts';
import { openCalibrationStore } from '../node/plan/calibration-store.ts';
import { chooseForGroth16 } from '../node/plan/parameters/groth16.ts';
import { type ProveModules, prove } from '../node/prove.ts';
import { createGroth16Prover } from '../node/provers/groth16/prover.ts';
import { builtWorker } from '../node/provers/groth16/testing/worker.ts';
import { createGroth16Verifier } from '../node/provers/groth16/verifier/index.ts';
import type { Prover } from '../node/provers/prover.ts';
import { decodeCertificate } from '../protocol/certificate-codec.ts';
import { checkCertificate } from '../protocol/check.ts';
import { encodeManifest } from '../protocol/manifest-codec.ts';

const limits = { parallel: 1, memory: 2e9 };
const model = join(packageRoot, 'models', 'mlp.onnx');
/** Proving and auditing on a busy machine. */
const timeout = 600_000;

let folder: string;
let prover: Prover;
let modules: ProveModules;
/** The images of the first test digits, each with pixels from 0 to 1. */
let digits: number[][];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-fidelity-'));
  const cache = new ArtifactCache({ directory: join(folder, 'cache'), maxBytes: 2e9 });
  prover = createGroth16Prover({ worker: await builtWorker(), cache, directory: folder });
  modules = {
    provers: new Map([['groth16', prover]]),
    choices: new Map([['groth16', chooseForGroth16]]),
    calibrations: openCalibrationStore(join(folder, 'calibrations')),
    verifiers: [createGroth16Verifier()],
  };
  const data = (name: string) => join(packageRoot, 'data', 'mnist', name);
  const { images } = await readDigits(data('test-images-idx3-ubyte.gz'), data('test-labels-idx1-ubyte.gz'));
  digits = images.slice(0, 5).map((pixels) => Array.from(pixels, (pixel) => pixel / 255));
}, timeout);
afterAll(async () => {
  await prover.close();
  await rm(folder, { recursive: true, force: true });
});

const path = (name: string) => join(folder, name);

/** Proves the first digit with circuits calibrated by the first five, scaled. */
async function certify(name: string, scaledBy: number, commit?: string): Promise<string> {
  const [input, calibration, out] = [path('digit.json'), path(`${name}.samples.json`), path(name)];
  await writeFile(input, JSON.stringify({ image: digits[0] }));
  await writeFile(calibration, JSON.stringify({ image: digits.flat().map((pixel) => pixel * scaledBy) }));
  const job = { model, input, calibration, strategy: 'parts=1', limits, out };
  await prove({ ...job, ...(commit === undefined ? {} : { commit }) }, modules);
  return out;
}

const audited = (manifest: string, tolerance?: number): Promise<AuditReport> =>
  audit({ manifest, model, limits, ...(tolerance === undefined ? {} : { tolerance }) }, modules);

const codes = ({ problems }: AuditReport) => problems.map(({ code }) => code);

describe('circuits calibrated with inputs like the one proven', () => {
  let certificate: string;
  beforeAll(async () => {
    certificate = await certify('sound', 1);
  }, timeout);

  it('are near the float model, and of its class', async () => {
    const { ok, fidelity } = await audited(certificate, 0.5);
    expect(ok).toBe(true);
    expect(fidelity).toEqual({
      outputs: [
        {
          name: expect.any(String),
          maxDifference: expect.any(Number),
          maxMagnitude: expect.any(Number),
          sameClass: true,
        },
      ],
      statedFloats: true,
      uncompared: [],
    });
    const [{ maxDifference = 0, maxMagnitude = 0 } = {}] = fidelity.outputs;
    expect(maxDifference).toBeGreaterThan(0);
    expect(maxDifference).toBeLessThan(0.05 * maxMagnitude);
  });

  it('fail an audit whose tolerance they exceed, with what to do', async () => {
    const { ok, problems } = await audited(certificate, 1e-9);
    expect(ok).toBe(false);
    expect(problems).toEqual([
      {
        code: 'FLOAT_DIFFERS',
        message: expect.stringContaining('above the tolerance of 1e-9'),
        edge: expect.any(String),
        remedy: expect.any(String),
      },
    ]);
  });

  it('cannot be compared by a manifest alone', async () => {
    const { manifest } = decodeCertificate(new Uint8Array(await readFile(certificate)));
    const bare = path('manifest');
    await writeFile(bare, encodeManifest(manifest));
    const report = await audited(bare);
    expect(report.ok).toBe(true);
    expect(report.fidelity).toMatchObject({
      outputs: [],
      uncompared: [expect.stringContaining('a manifest shows no input')],
    });
    expect(codes(await audited(bare, 1e9))).toEqual(['FLOAT_UNCOMPARED']);
  });
});

describe('circuits calibrated with inputs of another range', () => {
  it(
    'give a certificate that is valid and passes the audit, and another answer, which only the floats show',
    async () => {
      const certificate = await certify('coarse', 1e4);
      const decoded = decodeCertificate(new Uint8Array(await readFile(certificate)));
      const { verifiers } = modules;
      expect(await checkCertificate(decoded, { verifiers, allowDevelopment: true })).toMatchObject({
        valid: true,
      });
      const { ok, fidelity } = await audited(certificate);
      expect(ok).toBe(true);
      const [{ maxDifference = 0, maxMagnitude = 0, sameClass } = {}] = fidelity.outputs;
      expect(maxDifference).toBeGreaterThan(0.5 * maxMagnitude);
      expect(sameClass).toBe(false);
      expect(codes(await audited(certificate, 0.5))).toEqual(['FLOAT_DIFFERS']);
    },
    timeout,
  );
});

describe('a committed input', () => {
  it(
    'keeps an audit from comparing, which it says',
    async () => {
      const certificate = await certify('committed', 1, 'input');
      const report = await audited(certificate);
      expect(report.ok).toBe(true);
      expect(report.fidelity).toMatchObject({ outputs: [], uncompared: ['input image is not in the clear'] });
      expect(codes(await audited(certificate, 1e9))).toEqual(['FLOAT_UNCOMPARED']);
    },
    timeout,
  );
});
