import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDigits } from '../node/demo/digits.ts';
import { packageRoot } from '../node/package.ts';
import type { Progress } from '../node/progress.ts';
import type { ProveReport } from '../node/prove.ts';
import { verify } from '../node/verify.ts';
import type { Certificate } from '../protocol/certificate.ts';
import { scalarModulus } from '../protocol/field.ts';
import { modelId } from '../protocol/ids.ts';
import { dequantise } from '../protocol/quantise.ts';
import type { ProofVerifier } from '../protocol/verifier.ts';
import { branchingModel } from './support/branching-model.ts';
import { describeWithEzkl } from './support/ezkl-python.ts';
import { killEzklWorkers } from './support/kill-ezkl-workers.ts';
import { image, limits, Proving } from './support/proving.ts';
import { remembering } from './support/remembering-verifier.ts';

let proving: Proving;
let verifiers: readonly ProofVerifier[];
let branching: string;
beforeAll(async () => {
  proving = await Proving.open();
  verifiers = [remembering(proving.verifier)];
  branching = await proving.writeModel('branching.onnx', branchingModel());
});
afterAll(() => proving.close());

function largest(values: ArrayLike<number>): number {
  return Array.from(values).indexOf(Math.max(...Array.from(values)));
}

/** A public value as the signed integer that it stands for. */
const signed = (value: bigint) => (value > scalarModulus / 2n ? value - scalarModulus : value);

describeWithEzkl('a handwritten digit through cnn-small in three slices', () => {
  let certificate: Certificate;
  let report: ProveReport;
  let input: string;
  let label: number | undefined;
  const out = () => proving.path('digit.tessera');

  beforeAll(async () => {
    const data = (name: string) => join(packageRoot, 'data', 'mnist', name);
    const digits = await readDigits(data('test-images-idx3-ubyte.gz'), data('test-labels-idx1-ubyte.gz'));
    label = digits.labels[0];
    const pixels = Array.from(digits.images[0] ?? [], (pixel) => pixel / 255);
    input = await proving.writeInputs('digit.json', { image: pixels });
    const model = join(packageRoot, 'models', 'cnn-small.onnx');
    ({ certificate, report } = await proving.certify({ model, input, strategy: 'parts=3', out: out() }));
  });

  it('is the class that the model gives in floats, and the digit that was written', () => {
    const [output] = report.outputs;
    expect(largest(output?.proven ?? [])).toBe(largest(output?.float ?? []));
    expect(largest(output?.proven ?? [])).toBe(label);
    expect(output?.maxDifference).toBeLessThan(0.5);
  });

  it('states the output that the last proof binds', () => {
    const { graph } = certificate.manifest;
    const statement = certificate.statements.find(({ edge }) => graph.outputs.includes(edge));
    const scale = graph.edges[statement?.edge ?? -1]?.type.scale ?? 0;
    expect(statement?.values).toEqual(certificate.proofs.at(-1)?.publicInputs.map(signed));
    expect(dequantise(statement?.values ?? [], scale)).toEqual(report.outputs[0]?.proven);
  });

  it('verifies, link by link, where development keys are allowed', async () => {
    const { report: checked } = await verify({ certificate: out(), allowDevelopment: true }, { verifiers });
    expect(checked.problems).toEqual([]);
    expect(checked).toMatchObject({ valid: true, trust: 'development', model: report.model });
    expect(checked.segments.map(({ valid }) => valid)).toEqual([true, true, true]);
    expect(checked.segments.flatMap(({ opinions }) => opinions.map(({ verdict }) => verdict))).toEqual(
      Array(6).fill('valid'),
    );
    expect(checked.links.map(({ scheme, valid }) => [scheme, valid])).toEqual([
      ['public', true],
      ['kzg', true],
      ['kzg', true],
      ['public', true],
    ]);
  });

  it('is sound, but not valid, where they are not', async () => {
    const { report: checked } = await verify({ certificate: out() }, { verifiers });
    expect(checked).toMatchObject({ valid: false, sound: true });
  });

  it('meets an expected model, input and output, and no other', async () => {
    const proven = report.outputs[0]?.proven ?? [];
    const name = report.outputs[0]?.name ?? '';
    const output = await proving.writeInputs('output.json', { [name]: Array.from(proven) });
    const check = async (expected: { model?: string; input?: string; output?: string }) =>
      (await verify({ certificate: out(), allowDevelopment: true, expect: expected }, { verifiers })).report;
    const model = join(packageRoot, 'models', 'cnn-small.onnx');
    for (const expected of [
      { model: report.model, input, output },
      { model, input, output },
    ]) {
      expect(await check(expected)).toMatchObject({ valid: true, modelExpected: true });
    }
    const blank = await proving.writeInputs('blank.json', { image: Array(784).fill(0) });
    const reversed = await proving.writeInputs('reversed.json', { [name]: Array.from(proven).reverse() });
    for (const [expected, code] of [
      [{ model: '00'.repeat(32) }, 'MODEL_UNEXPECTED'],
      [{ model: branching }, 'MODEL_UNEXPECTED'],
      [{ input: blank }, 'INPUT_UNEXPECTED'],
      [{ output: reversed }, 'OUTPUT_UNEXPECTED'],
    ] as const) {
      const { valid, problems } = await check(expected);
      expect(valid).toBe(false);
      expect(problems.map((problem) => problem.code)).toEqual([code]);
    }
  });
});

describeWithEzkl('a network that branches', () => {
  const cuts = 'cuts=trunk,branch.out,joined';
  const job = async (seed: number) => ({
    model: branching,
    input: await proving.writeInputs('image.json', { image: image(36, seed) }),
    strategy: cuts,
    out: proving.path(`branching-${seed}.tessera`),
  });

  it('is proven as the graph it is, with a link for every reader', async () => {
    const { certificate } = await proving.certify(await job(1));
    const report = await proving.check(certificate);
    expect(report.problems).toEqual([]);
    expect(report.links.map(({ edge, from, to, valid }) => [edge, from, to, valid])).toEqual([
      ['image', null, 'stem', true],
      ['trunk', 'stem', 'branch', true],
      ['trunk', 'stem', 'join', true],
      ['branch.out', 'branch', 'join', true],
      ['joined', 'join', 'dense', true],
      ['scores', 'dense', null, true],
    ]);
  });

  it('keeps its model’s id from input to input', async () => {
    const one = await proving.certify(await job(1));
    const two = await proving.certify(await job(2));
    expect(modelId(two.certificate.manifest)).toBe(modelId(one.certificate.manifest));
    expect(two.certificate.statements).not.toEqual(one.certificate.statements);
  });

  it('with input and output committed states neither, and still meets an expected input', async () => {
    const committed = { ...(await job(1)), commit: 'input,output', out: proving.path('committed.tessera') };
    const { certificate } = await proving.certify(committed);
    expect(certificate.statements).toEqual([]);
    expect(certificate.manifest.graph.edges.map(({ type }) => type.scheme.name)).toEqual(
      Array(5).fill('kzg'),
    );
    expect(certificate.proofs.flatMap((proof) => proof?.publicInputs ?? [])).toEqual([]);

    const check = async (input: string) =>
      (
        await verify({ certificate: committed.out, allowDevelopment: true, expect: { input } }, { verifiers })
      ).report.problems.map(({ code }) => code);
    expect(await check(committed.input)).toEqual([]);
    const other = await proving.writeInputs('other.json', { image: image(36, 2) });
    expect(await check(other)).toEqual(['INPUT_UNEXPECTED']);
  });

  describe('interrupted', () => {
    it('goes on where it stopped', async () => {
      const interrupted = { ...(await job(3)), limits: { ...limits, parallel: 1 } };
      const controller = new AbortController();
      const onProgress = (event: Progress) => {
        if (event.type === 'stage' && event.stage === 'prove' && event.done === 1) controller.abort();
      };
      const first = proving.certify({ ...interrupted, signal: controller.signal, onProgress });
      await expect(first).rejects.toMatchObject({ code: 'ABORTED' });
      expect(existsSync(interrupted.out)).toBe(false);

      const { certificate, report } = await proving.certify(interrupted);
      expect(report.segments.map(({ seconds }) => seconds > 0)).toEqual([false, true, true, true]);
      expect((await proving.check(certificate)).valid).toBe(true);
    });

    it('by the death of its provers says so, and the next run succeeds', async () => {
      const killed = await job(4);
      const over = new AbortController();
      let killing: Promise<void> | undefined;
      const onProgress = (event: Progress) => {
        if (event.type === 'stage' && event.stage === 'prove') killing ??= killEzklWorkers(over.signal);
      };
      await expect(proving.certify({ ...killed, onProgress })).rejects.toMatchObject({
        code: 'PROVER_CRASHED',
      });
      over.abort();
      await killing;
      expect(existsSync(killed.out)).toBe(false);

      const { certificate } = await proving.certify(killed);
      expect((await proving.check(certificate)).valid).toBe(true);
    });

    it('by a place that cannot be written to, before any work', async () => {
      const nowhere = { ...(await job(5)), out: proving.path('missing/branching.tessera') };
      const worked: string[] = [];
      const onProgress = (event: Progress) => void (event.type === 'stage' && worked.push(event.stage));
      await expect(proving.certify({ ...nowhere, onProgress })).rejects.toMatchObject({
        code: 'STORAGE_FAILED',
      });
      expect(worked).toEqual([]);
    });
  });

  it.each([
    ['infinite', `{"image": [1e999${',0'.repeat(35)}]}`, 'INPUT_INVALID'],
    ['no number', `{"image": [null${',0'.repeat(35)}]}`, 'INPUT_INVALID'],
    ['too few', '{"image": [0]}', 'INPUT_INVALID'],
    ['too large for the circuit', `{"image": [1e9${',0'.repeat(35)}]}`, 'RANGE_EXCEEDED'],
    ['too large for any circuit', `{"image": [1e38${',0'.repeat(35)}]}`, 'RANGE_EXCEEDED'],
  ])('refuses an input whose values are %s, and writes no certificate', async (_, text, code) => {
    const refused = { ...(await job(6)), out: proving.path('refused.tessera') };
    await writeFile(refused.input, text);
    await expect(proving.certify(refused)).rejects.toMatchObject({ code });
    expect(existsSync(refused.out)).toBe(false);
  });

  it.each([Number.NaN, Number.NEGATIVE_INFINITY])('refuses %s before anything is planned', async (value) => {
    const refused = { ...(await job(6)), input: proving.path('nan.npy'), out: proving.path('nan.tessera') };
    await writeFile(refused.input, npy([1, 1, 6, 6], [value, ...image(35)]));
    const stages = new Set<string>();
    const onProgress = (event: Progress) => void (event.type === 'stage' && stages.add(event.stage));
    await expect(proving.certify({ ...refused, onProgress })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      details: { tensor: 'image', element: 0 },
    });
    expect([...stages]).toEqual(['import']);
    expect(existsSync(refused.out)).toBe(false);
  });
});

/** A NumPy file (format 1.0) of single-precision floats. */
function npy(shape: readonly number[], values: readonly number[]): Uint8Array {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const padded = `${header.padEnd(117)}\n`;
  const head = Uint8Array.from([
    0x93,
    ...Buffer.from('NUMPY'),
    1,
    0,
    padded.length,
    0,
    ...Buffer.from(padded),
  ]);
  return Buffer.concat([head, new Uint8Array(Float32Array.from(values).buffer)]);
}
