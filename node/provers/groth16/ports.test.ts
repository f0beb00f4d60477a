import { describe, expect, it } from 'vitest';
import type { EdgeType } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { sha256Hex } from '../../../protocol/ids.ts';
import { firstViolation, generateWitness } from '../circuit/index.ts';
import { FIELD_BYTES, writeField } from '../circuit/language/field-bytes.ts';
import type { Port } from '../prover.ts';
import { compileSegment } from './compile-segment.ts';
import { formatGroth16Params, parseGroth16Params } from './parameters.ts';
import { checkPorts, inputTypes } from './ports.ts';
import { denseModel, denseSegment, paramsOf } from './testing/dense.ts';

type Settled = Partial<Pick<EdgeType, 'scale' | 'interval'>>;
const port = (scheme: Port['scheme'], settled?: Settled): Port => ({
  scheme,
  blinded: false,
  ...(settled === undefined ? {} : { settled }),
});

const compiled = async (input: Port, output: Port, model = denseModel) =>
  (await compileSegment({ model, inputs: [input], outputs: [output] }, paramsOf(model))).circuit;

describe('ports', () => {
  it.each(['constructor', '__proto__'])('of a tensor %s need a calibration like any other', (name) => {
    const model = { ...denseModel, inputs: [name] };
    const source = { model, inputs: [port('public')], outputs: [port('public')] };
    expect(() => inputTypes(source, paramsOf(denseModel))).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID' }),
    );
  });

  it('take no more public values than a verifying key may have', async () => {
    const [input = ''] = denseModel.inputs;
    const shaped = (elements: number) => ({
      ...denseModel,
      types: new Map([...denseModel.types, [input, { element: 'float32' as const, shape: [elements] }]]),
    });
    await expect(compiled(port('public'), port('public'), shaped(2 ** 18))).rejects.toMatchObject({
      code: 'UNPROVABLE',
      remedy: expect.stringContaining('--commit'),
    });
    expect(() =>
      checkPorts({
        model: shaped(2 ** 18),
        inputs: [port('poseidon2')],
        outputs: [port('public')],
      }),
    ).not.toThrow();
  });

  const wide = { lo: -(1n << 60n), hi: 1n << 60n };

  it('bind a public input as it is settled and prove what calibration asks for', async () => {
    const { inputTypes, ports } = await compiled(
      port('public', { scale: 7, interval: wide }),
      port('public'),
    );
    expect(inputTypes).toMatchObject([
      { scale: 7, signed: true, interval: wide, scheme: { name: 'public' } },
    ]);
    // −1 … 0.99 at scale 7 with a bit of headroom.
    expect(ports.inputs).toMatchObject([{ lo: -256, hi: 255 }]);
  });

  it('prove no more of a public input than is settled', async () => {
    const narrow = { lo: -100n, hi: 100n };
    const { inputTypes, ports } = await compiled(
      port('public', { scale: 7, interval: narrow }),
      port('public'),
    );
    expect(inputTypes).toMatchObject([{ interval: narrow }]);
    expect(ports.inputs).toMatchObject([{ lo: -100, hi: 100 }]);
  });

  it('bind a public output as it is settled, at either scale', async () => {
    for (const scale of [3, 20]) {
      const { model, outputTypes, ports } = await compiled(
        port('public'),
        port('public', { scale, interval: wide }),
      );
      expect(outputTypes).toMatchObject([{ scale, interval: wide }]);
      const output = model.tensors.get(model.outputs[0] ?? '');
      expect(output?.scale).toBe(scale);
      expect(ports.outputs).toMatchObject([{ lo: output?.lo, hi: output?.hi }]);
    }
  });

  it('prove and pack exactly the interval that a poseidon2 port is settled to', async () => {
    const interval = { lo: -700n, hi: 1000n };
    const { inputTypes, ports } = await compiled(port('poseidon2', { scale: 8, interval }), port('public'));
    expect(inputTypes).toMatchObject([{ scale: 8, interval, signed: true }]);
    expect(ports.inputs).toMatchObject([{ lo: -700, hi: 1000 }]);
    const positive = { lo: 0n, hi: 1000n };
    const output = port('poseidon2', { scale: 6, interval: positive });
    const { outputTypes } = await compiled(port('public'), output);
    expect(outputTypes).toMatchObject([{ scale: 6, interval: positive, signed: false }]);
  });

  it('hold an output to a settled interval that its tensor may leave', async () => {
    const output = port('public', { scale: 6, interval: { lo: 0n, hi: 20n } });
    const source = { model: denseModel, inputs: [port('public')], outputs: [output] };
    const { circuit, constraints } = await compileSegment(source, paramsOf(denseModel));
    const run = (x: number) =>
      generateWitness(circuit, { inputs: [Float64Array.of(x, 0, 0, 0)], context: 0n });
    // The bias alone gives 0.5 · 2^6 = 32.
    expect(() => run(0)).toThrow(expect.objectContaining({ code: 'RANGE_EXCEEDED' }));
    expect(firstViolation(constraints, run(-100).bytes)).toBeUndefined();
  });

  it('refuse by constraints what calibration leaves out of a public edge, and what is settled away', async () => {
    const settled = port('public', { scale: 7, interval: wide });
    const at = async (input: Port, output: Port, x: number) => {
      const { circuit, constraints } = await compileSegment(
        { model: denseModel, inputs: [input], outputs: [output] },
        paramsOf(denseModel),
      );
      return {
        constraints,
        witness: () => generateWitness(circuit, { inputs: [Float64Array.of(x, 0, 0, 0)], context: 0n }).bytes,
      };
    };
    // Input: one above the proven interval. The wires are those of x = 255, but for the public one.
    const proven = await at(settled, port('public'), 255);
    const forged = proven.witness();
    expect(firstViolation(proven.constraints, forged)).toBeUndefined();
    writeField(new DataView(forged.buffer), 2 * FIELD_BYTES, 256n);
    expect(firstViolation(proven.constraints, forged)).toMatchObject({ kind: 'range' });

    // Output: the honest witness of the same circuit with a wider port has the same wires.
    const [narrow, wider] = await Promise.all([
      at(port('public'), port('public', { scale: 6, interval: { lo: 0n, hi: 20n } }), 0),
      at(port('public'), port('public', { scale: 6 }), 0),
    ]);
    const honest = wider.witness();
    expect(firstViolation(wider.constraints, honest)).toBeUndefined();
    expect(firstViolation(narrow.constraints, honest)).toMatchObject({ kind: 'range' });
  });

  it.each<[string, Port, Port, string]>([
    ['a kzg input', port('kzg'), port('public'), 'UNPROVABLE'],
    ['a kzg output', port('public'), port('kzg'), 'UNPROVABLE'],
    ['a public port that is blinded', { scheme: 'public', blinded: true }, port('public'), 'USAGE'],
    ['an unproven interval', port('public', { interval: 'unproven' }), port('public'), 'RANGE_EXCEEDED'],
    [
      'a poseidon2 interval beyond exact numbers',
      port('poseidon2', { scale: 8, interval: wide }),
      port('public'),
      'RANGE_EXCEEDED',
    ],
    [
      'an interval without the values',
      port('public'),
      port('public', { interval: { lo: -9n, hi: -1n } }),
      'RANGE_EXCEEDED',
    ],
    ['a scale that no edge has', port('public', { scale: 65 }), port('public'), 'RANGE_EXCEEDED'],
    [
      'an empty interval',
      port('poseidon2', { scale: 8, interval: { lo: 1n, hi: 0n } }),
      port('public'),
      'RANGE_EXCEEDED',
    ],
  ])('refuse %s', async (_, input, output, code) => {
    const refused = await compiled(input, output).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TesseraError);
    expect(refused).toMatchObject({ code });
  });

  it('refuse a number of ports that is not the model’s', async () => {
    const source = { model: denseModel, inputs: [], outputs: [port('public')] };
    await expect(compileSegment(source, paramsOf(denseModel))).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('refuse tensors that are not of float32', async () => {
    const types = new Map(denseModel.types).set('x', { element: 'int64', shape: [1, 4] });
    await expect(compiled(port('public'), port('public'), { ...denseModel, types })).rejects.toMatchObject({
      code: 'UNPROVABLE',
    });
  });
});

describe('compileSegment', () => {
  const source = { model: denseModel, inputs: [port('poseidon2')], outputs: [port('poseidon2')] };
  const params = paramsOf(denseModel);
  const digest = async (of = source, under = params) =>
    (await compileSegment(of, under)).circuit.constraintsDigest;

  it('gives the same constraints again', async () => {
    const { circuit, constraints } = await compileSegment(source, params);
    expect(circuit.constraintsDigest).toBe(sha256Hex(constraints));
    expect(await digest(source, parseGroth16Params(formatGroth16Params(params)))).toBe(
      circuit.constraintsDigest,
    );
  });

  it('gives others for another model, other ports and other parameters', async () => {
    const constants = new Map(denseModel.constants).set('bias', {
      type: { element: 'float32', shape: [4] },
      source: { kind: 'fill', value: 0 },
    });
    const gemm = denseSegment('gemm');
    const all = await Promise.all([
      digest(),
      digest({ ...source, model: { ...denseModel, constants } }),
      digest({ ...source, model: gemm }, paramsOf(gemm)),
      digest({ ...source, inputs: [{ scheme: 'poseidon2', blinded: true }] }),
      digest(source, { ...params, headroomBits: 2 }),
    ]);
    expect(new Set(all).size).toBe(5);
  });
});
