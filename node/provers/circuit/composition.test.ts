import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { QuantisedTensor } from '../../../protocol/arithmetic/tensor.ts';
import { branchingModel } from '../../../tests/support/branching-model.ts';
import { int, ints } from '../../model/attribute-values.ts';
import { floatConstant } from '../../model/constant.ts';
import type { Attribute, Constant, Model } from '../../model/model.ts';
import { nodeOf } from '../../model/test-models/small-models.ts';
import { compileCircuit } from './compile.ts';
import { FIELD_BYTES, readField, writeField } from './language/field-bytes.ts';
import { firstViolation } from './language/satisfied.ts';
import { calibrate, openFloatRunner } from './quantise/calibrate.ts';
import { quantiseInputs } from './quantise/fidelity.ts';
import { quantiseModel } from './quantise/quantise-model.ts';
import { dequantise } from './quantise/scale.ts';
import { generateWitness } from './witness.ts';

/** Reproducible numbers in [−0.5, 0.5). */
function noise(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
}

function weights(shape: readonly number[], seed: number): Constant {
  return floatConstant(
    shape,
    noise(
      shape.reduce((product, size) => product * size, 1),
      seed,
    ),
  );
}

function convolution(kernel: number, pad: number, group: number): Record<string, Attribute> {
  return {
    kernel_shape: ints(kernel, kernel),
    strides: ints(1, 1),
    pads: ints(pad, pad, pad, pad),
    dilations: ints(1, 1),
    group: int(group),
  };
}

/** An inverted residual block with ReLU6, as in MobileNetV2, then a mean and a concatenation. */
function invertedResidual(): Model {
  const types: Record<string, number[]> = {
    image: [1, 2, 5, 5],
    expanded: [1, 6, 5, 5],
    expanded6: [1, 6, 5, 5],
    depthwise: [1, 6, 5, 5],
    depthwise6: [1, 6, 5, 5],
    projected: [1, 2, 5, 5],
    sum: [1, 2, 5, 5],
    pooled: [1, 2, 2, 2],
    mean: [1, 2, 1, 1],
    pooledRow: [1, 8],
    meanRow: [1, 2],
    row: [1, 10],
    scores: [1, 3],
  };
  return {
    name: 'inverted residual',
    irVersion: 8,
    opsets: new Map([['', 13]]),
    inputs: ['image'],
    outputs: ['scores'],
    nodes: [
      nodeOf('Conv', ['image', 'expand'], 'expanded', convolution(1, 0, 1)),
      nodeOf('Clip', ['expanded', 'zero', 'six'], 'expanded6'),
      nodeOf('Conv', ['expanded6', 'depth'], 'depthwise', convolution(3, 1, 6)),
      nodeOf('Clip', ['depthwise', 'zero', 'six'], 'depthwise6'),
      nodeOf('Conv', ['depthwise6', 'project', 'projectBias'], 'projected', convolution(1, 0, 1)),
      nodeOf('Add', ['projected', 'image'], 'sum'),
      nodeOf('AveragePool', ['sum'], 'pooled', {
        kernel_shape: ints(2, 2),
        strides: ints(2, 2),
        pads: ints(0, 0, 0, 0),
        count_include_pad: int(0),
      }),
      nodeOf('GlobalAveragePool', ['sum'], 'mean'),
      nodeOf('Flatten', ['pooled'], 'pooledRow', { axis: int(1) }),
      nodeOf('Flatten', ['mean'], 'meanRow', { axis: int(1) }),
      nodeOf('Concat', ['pooledRow', 'meanRow'], 'row', { axis: int(1) }),
      nodeOf('MatMul', ['row', 'dense'], 'scores'),
    ],
    constants: new Map([
      ['expand', weights([6, 2, 1, 1], 1)],
      ['depth', weights([6, 1, 3, 3], 2)],
      ['project', weights([2, 6, 1, 1], 3)],
      ['projectBias', weights([2], 4)],
      ['dense', weights([10, 3], 5)],
      ['zero', floatConstant([], Float32Array.of(0))],
      // Low enough that the test's activations reach it.
      ['six', floatConstant([], Float32Array.of(0.2))],
    ]),
    types: new Map(Object.entries(types).map(([name, shape]) => [name, { element: 'float32', shape }])),
  };
}

describe.each([
  ['a residual network', branchingModel()],
  ['an inverted residual block', invertedResidual()],
])('%s', (_, model) => {
  const size = (model.types.get(model.inputs[0] ?? '')?.shape ?? []).reduce(
    (product, dim) => product * dim,
    1,
  );
  const samples = [11, 12, 13].map((seed) => new Map([['image', noise(size, seed)]]));

  async function compiled() {
    const runner = await openFloatRunner(model);
    const ranges = await calibrate(runner, samples);
    const { model: quantised } = await quantiseModel(model, ranges, {
      activationBits: 11,
      weightBits: 11,
      inputBits: 11,
    });
    const floats = await Promise.all(samples.map((sample) => runner.run(sample)));
    await runner.close();
    const port = (name: string) => {
      const { lo, hi } = quantised.tensors.get(name) as QuantisedTensor;
      return { lo, hi, binding: { scheme: 'poseidon2', domain: 3n, blinded: false } as const };
    };
    const ports = { inputs: quantised.inputs.map(port), outputs: quantised.outputs.map(port) };
    return { quantised, floats, circuit: compileCircuit(quantised, ports) };
  }

  it('agrees with float, and its circuit holds', async () => {
    const { quantised, floats, circuit } = await compiled();
    samples.forEach((sample, i) => {
      const inputs = [...quantiseInputs(quantised, sample).values()];
      const { bytes, outputs } = generateWitness(circuit, { inputs, context: 1n });
      expect(firstViolation(circuit.constraints, bytes)).toBeUndefined();
      const [output = ''] = quantised.outputs;
      const scores = dequantise(outputs[0] ?? [], quantised.tensors.get(output)?.scale ?? 0);
      const expected = floats[i]?.get('scores') ?? [];
      scores.forEach((score, at) => {
        expect(Math.abs(score - (expected[at] as number))).toBeLessThan(0.02);
      });
    });
  });

  it('has no wire that a prover may choose', async () => {
    const { quantised, circuit } = await compiled();
    const inputs = [...quantiseInputs(quantised, samples[0] ?? new Map()).values()];
    const { bytes } = generateWitness(circuit, { inputs, context: 1n });
    const view = new DataView(bytes.buffer);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: circuit.layout.wires - 1 }),
        fc.bigInt(1n, 1n << 20n),
        (wire, by) => {
          const at = wire * FIELD_BYTES;
          const value = readField(view, at);
          writeField(view, at, value + by);
          const violation = firstViolation(circuit.constraints, bytes);
          writeField(view, at, value);
          expect(violation).toBeDefined();
        },
      ),
      { numRuns: 150 },
    );
  });
});
