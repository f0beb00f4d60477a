import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTessera } from '../node/tessera.ts';
import { encodeCertificate } from '../protocol/certificate-codec.ts';
import { verifyCertificate } from '../verify/index.ts';
import { branchingModel } from './support/branching-model.ts';
import { findChromium } from './support/chromium.ts';
import { dataDirectoryWithProvers } from './support/data-directory.ts';
import { describeUnless } from './support/describe-unless.ts';
import { describeWithEzkl, missingEzkl } from './support/ezkl-python.ts';
import { type Resource, serveOnLoopback } from './support/loopback-server.ts';
import { image, limits, Proving } from './support/proving.ts';

const fileOf = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** One module for browsers, with all that it imports. Fails where something is imported that browsers lack. */
async function bundle(entry: string): Promise<{ script: string; modules: string[] }> {
  const { outputFiles, metafile } = await build({
    entryPoints: [fileOf(entry)],
    bundle: true,
    platform: 'browser',
    format: 'esm',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  return { script: outputFiles[0]?.text ?? '', modules: Object.keys(metafile.inputs) };
}

describe('a bundle of the verify-only entry', () => {
  it('holds no module that a browser lacks, and nothing native', async () => {
    const { modules } = await bundle('verify/index.ts');
    expect(modules).toContain('protocol/check.ts');
    expect(modules.filter((name) => /onnxruntime|@ezkljs|\.node$|\.wasm$/.test(name))).toEqual([]);
  });

  it('could not hold one', async () => {
    await expect(bundle('node/provers/ezkl/verifier/engine-thread.ts')).rejects.toThrow(
      'Could not resolve "node:worker_threads"',
    );
  });
});

let proving: Proving;
let genuine: Uint8Array;
let forged: Uint8Array;
/** Of Groth16, whose verifier is another. */
let groth16: Uint8Array;
beforeAll(async () => {
  if (missingEzkl !== undefined) return;
  proving = await Proving.open();
  const model = await proving.writeModel('model.onnx', branchingModel());
  const input = await proving.writeInputs('image.json', { image: image(36) });
  const { certificate } = await proving.certify({
    model,
    input,
    strategy: 'parts=2',
    out: proving.path('job.cert'),
  });
  genuine = encodeCertificate(certificate);
  forged = encodeCertificate({
    ...certificate,
    // The last byte of the opening: whether it fits only the pairing shows.
    proofs: certificate.proofs.map((proof) => proof && { ...proof, bytes: withLastBitFlipped(proof.bytes) }),
  });
  groth16 = await proveByGroth16(model, input);
});
afterAll(() => proving?.close());

async function proveByGroth16(model: string, input: string): Promise<Uint8Array> {
  const home = proving.path('home');
  await dataDirectoryWithProvers(home);
  const tessera = openTessera({ home, limits });
  try {
    const out = proving.path('groth16.cert');
    await tessera.prove({ model, input, strategy: 'parts=2', prover: 'groth16', out });
    return await readFile(out);
  } finally {
    await tessera.close();
  }
}

function withLastBitFlipped(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => (index === bytes.length - 1 ? byte ^ 1 : byte));
}

describeWithEzkl('verifyCertificate', () => {
  it('accepts a certificate without ezkl’s engine, and gives the proven tensors', async () => {
    const { report, inputs, outputs } = await verifyCertificate(genuine, { allowDevelopment: true });
    expect(report).toMatchObject({ valid: true, trust: 'development', problems: [] });
    const verdicts = report.segments.map(({ opinions }) => opinions.map(({ verdict }) => verdict));
    expect(verdicts).toEqual(Array(2).fill(['unavailable', 'valid']));
    expect(Array.from(inputs.get('image') ?? [])).toEqual(image(36));
    expect(outputs.get('scores')).toHaveLength(3);
  });

  it('accepts a certificate of Groth16 proofs', async () => {
    const { report, outputs } = await verifyCertificate(groth16, { allowDevelopment: true });
    expect(report).toMatchObject({ valid: true, output: 'unique', trust: 'development', problems: [] });
    expect(report.segments.map(({ prover }) => prover)).toEqual(['groth16', 'groth16']);
    expect(outputs.get('scores')).toHaveLength(3);
  });

  it('says which trust is missing where development keys are not allowed', async () => {
    const { report, outputs } = await verifyCertificate(genuine);
    expect(report).toMatchObject({ valid: false, sound: true });
    expect(report.problems.map(({ code }) => code)).toEqual(['TRUST_DEVELOPMENT']);
    expect([...outputs.keys()]).toEqual(['scores']);
  });

  it('refuses changed proofs, and gives no tensor of them', async () => {
    const { report, inputs, outputs } = await verifyCertificate(forged, { allowDevelopment: true });
    expect(report.valid).toBe(false);
    expect(new Set(report.problems.map(({ code }) => code))).toEqual(new Set(['PROOF_INVALID']));
    expect([inputs.size, outputs.size]).toEqual([0, 0]);
  });

  it('refuses another model, input or output than was expected', async () => {
    const others = {
      modelId: '00'.repeat(32),
      inputs: { image: Float64Array.from(image(36, 2)) },
      outputs: { scores: Float64Array.of(0, 0, 0) },
    };
    const { report } = await verifyCertificate(genuine, { allowDevelopment: true, expect: others });
    expect(report.problems.map(({ code }) => code)).toEqual([
      'MODEL_UNEXPECTED',
      'INPUT_UNEXPECTED',
      'OUTPUT_UNEXPECTED',
    ]);
  });

  it('asks the engine that the caller brings', async () => {
    const asked: number[] = [];
    const { report } = await verifyCertificate(genuine, {
      allowDevelopment: true,
      engine: {
        async verify({ proof }) {
          asked.push(proof.length);
          return { verdict: 'invalid', reason: 'as the test wants it' };
        },
      },
    });
    expect(asked).toHaveLength(2);
    expect(report.valid).toBe(false);
    expect(report.problems.map(({ code }) => code)).toContain('ENGINES_DISAGREE');
  });

  it.each([
    ['no certificate', () => Uint8Array.of(1, 2, 3)],
    ['a certificate cut short', () => genuine.subarray(0, -1)],
    ['a certificate with a byte changed', () => withLastBitFlipped(genuine)],
  ])('refuses %s', async (_, bytes) => {
    await expect(verifyCertificate(bytes())).rejects.toMatchObject({ code: 'CERTIFICATE_DAMAGED' });
  });

  it('can be cancelled', async () => {
    await expect(verifyCertificate(genuine, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });
});

const browserPath = findChromium(process.env);
const missingBrowser =
  browserPath === undefined
    ? 'there is no Chromium: install Debian’s chromium, or set CHROME_PATH'
    : undefined;

describeUnless(missingBrowser ?? missingEzkl, 'in Chromium', () => {
  let server: Awaited<ReturnType<typeof serveOnLoopback>>;
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    const { script } = await bundle('tests/fixtures/verify-page.ts');
    const certificate = (body: Uint8Array) => ({ type: 'application/octet-stream', body });
    server = await serveOnLoopback(
      new Map<string, Resource>([
        ['/', { type: 'text/html', body: '<!doctype html><script type="module" src="/page.js"></script>' }],
        ['/page.js', { type: 'text/javascript', body: script }],
        ['/genuine', certificate(genuine)],
        ['/groth16', certificate(groth16)],
        ['/forged', certificate(forged)],
        ['/junk', certificate(Uint8Array.of(1, 2, 3))],
      ]),
    );
    browser = await chromium.launch({ executablePath: browserPath ?? '' });
    page = await browser.newPage();
    // No limit but the test's.
    page.setDefaultTimeout(0);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  /** What the page finds of the certificate at a path. */
  const verifyInPage = async (path: string): Promise<unknown> => {
    await page.goto(`${server.origin}/?certificate=${path}`);
    return JSON.parse((await page.locator('output').textContent()) ?? '');
  };

  it.each([
    ['/genuine', () => genuine],
    ['/groth16', () => groth16],
  ])('reports on %s what Node does', async (path, certificate) => {
    const { report, outputs } = await verifyCertificate(certificate(), { allowDevelopment: true });
    expect(report.valid).toBe(true);
    expect(await verifyInPage(path)).toEqual({
      report,
      outputs: [['scores', ...(outputs.get('scores') ?? [])]],
    });
  });

  it('refuses changed proofs', async () => {
    expect(await verifyInPage('/forged')).toMatchObject({
      report: { valid: false, sound: false },
      outputs: [],
    });
  });

  it('refuses what is no certificate', async () => {
    expect(await verifyInPage('/junk')).toEqual({ error: 'CERTIFICATE_DAMAGED' });
  });
});
