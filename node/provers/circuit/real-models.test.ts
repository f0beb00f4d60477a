import { beforeAll, describe, expect, it } from 'vitest';
import { interpret } from '../../../protocol/arithmetic/interpreter.ts';
import type { QuantisedTensor } from '../../../protocol/arithmetic/tensor.ts';
import { type Digits, readDigits } from '../../demo/digits.ts';
import { importModel } from '../../model/import/import-model.ts';
import { type CompiledCircuit, compileCircuit } from './compile.ts';
import { constraintsOf, portConstraints } from './constraint-estimate.ts';
import { countConstraints } from './language/constraint-count.ts';
import { firstViolation } from './language/satisfied.ts';
import type { CircuitPort } from './ports.ts';
import { calibrate, type FloatInputs, openFloatRunner } from './quantise/calibrate.ts';
import { type Fidelity, measureFidelity, quantiseInputs } from './quantise/fidelity.ts';
import type { QuantiseOptions } from './quantise/options.ts';
import { type Quantisation, quantiseModel } from './quantise/quantise-model.ts';
import { generateWitness } from './witness.ts';

const file = (path: string): string => new URL(`../../../${path}`, import.meta.url).pathname;

let digits: Digits;
beforeAll(async () => {
  digits = await readDigits(
    file('data/mnist/test-images-idx3-ubyte.gz'),
    file('data/mnist/test-labels-idx1-ubyte.gz'),
  );
});

function sample(index: number): FloatInputs {
  return new Map([['image', Float32Array.from(digits.images[index] ?? [], (pixel) => pixel / 255)]]);
}

function edgePort(name: string, { model }: Quantisation): CircuitPort {
  const { lo, hi } = model.tensors.get(name) as QuantisedTensor;
  return { lo, hi, binding: { scheme: 'poseidon2', domain: 7n, blinded: false } };
}

describe.each<[string, Partial<QuantiseOptions>]>([
  ['cnn-small', {}],
  ['lenet', {}],
  // As the benchmark proves it.
  ['lenet', { inputBits: 4 }],
  ['mlp', {}],
])('%s with %o', (name, options) => {
  let quantisation: Quantisation;
  let fidelity: Fidelity;
  let circuit: CompiledCircuit;

  beforeAll(async () => {
    const { model } = await importModel(file(`models/${name}.onnx`));
    const runner = await openFloatRunner(model);
    const ranges = await calibrate(
      runner,
      Array.from({ length: 100 }, (_, i) => sample(i)),
    );
    quantisation = await quantiseModel(model, ranges, options);
    const labelled = digits.images.map((_, i) => ({ inputs: sample(i), label: digits.labels[i] ?? -1 }));
    fidelity = await measureFidelity(quantisation, runner, labelled);
    await runner.close();
    circuit = compileCircuit(quantisation.model, {
      inputs: quantisation.model.inputs.map((input) => edgePort(input, quantisation)),
      outputs: quantisation.model.outputs.map((output) => edgePort(output, quantisation)),
    });
  });

  it('gives the class of the float model for at least 99 % of all test digits', () => {
    expect(fidelity.samples).toBe(1000);
    expect(fidelity.refused).toBe(0);
    expect(fidelity.sameClass).toBeGreaterThanOrEqual(990);
    expect(fidelity.tensors.size).toBeGreaterThan(1);
  });

  it('computes in the circuit what the interpreter computes, bit for bit', () => {
    for (let i = 0; i < 5; i++) {
      const inputs = quantiseInputs(quantisation.model, sample(i));
      const { bytes, outputs } = generateWitness(circuit, { inputs: [...inputs.values()], context: 0n });
      expect(firstViolation(circuit.constraints, bytes)).toBeUndefined();
      const values = interpret(quantisation.model, inputs);
      expect(outputs).toEqual(quantisation.model.outputs.map((output) => values.get(output)));
    }
  });

  it('costs what planning expects, but for the wires of long expressions', () => {
    const { model } = quantisation;
    const { constraints } = countConstraints(circuit.constraints);
    const nodes = model.nodes.reduce((sum, node) => sum + constraintsOf(model, node), 0);
    const elements = (tensor: string): number =>
      (model.tensors.get(tensor)?.shape ?? []).reduce((product, size) => product * size, 1);
    const port = (side: 'input' | 'output', tensor = ''): number =>
      portConstraints(edgePort(tensor, quantisation), side, elements(tensor));
    const context = 1;
    const estimate = nodes + port('input', model.inputs[0]) + port('output', model.outputs[0]) + context;
    const bound = circuit.layout.steps
      .filter((step) => step.kind === 'values')
      .map((step) => step.tensor)
      .filter((tensor) => model.nodes.some((node) => node.output === tensor && isLinear(node.operation.kind)))
      .reduce((sum, tensor) => sum + elements(tensor), 0);
    expect(constraints - estimate).toBe(bound);
  });
});

function isLinear(kind: string): boolean {
  return kind !== 'requantise' && kind !== 'product';
}
