/**
 * Quantises a model and writes it as constraints, in a process of its own whose memory can be measured.
 *
 * Argument: an ONNX file of one input and one output. Prints what was built and how long it took, as one JSON object.
 */
import { importModel } from '../../node/model/import/index.ts';
import { randomInputs } from '../../node/model/random-inputs.ts';
import {
  calibrate,
  compileCircuit,
  countConstraints,
  openFloatRunner,
  quantiseModel,
} from '../../node/provers/circuit/index.ts';

/** What the program prints. */
export interface BuiltCircuit {
  constraints: number;
  /** Terms of all sums. */
  terms: number;
  /** Quantising and compiling. */
  seconds: number;
}

async function build(path: string): Promise<BuiltCircuit> {
  const { model } = await importModel(path);
  const runner = await openFloatRunner(model);
  const sample = new Map(
    [...randomInputs(model, 1)].map(([name, { data }]) => [name, data as Float32Array] as const),
  );
  const ranges = await calibrate(runner, [sample]);
  await runner.close();

  const started = performance.now();
  const { model: quantised } = await quantiseModel(model, ranges);
  const port = (name: string) => {
    const { lo = 0, hi = 0 } = quantised.tensors.get(name) ?? {};
    return { lo, hi, binding: { scheme: 'poseidon2', domain: 0n, blinded: false } as const };
  };
  const { constraints: bytes } = compileCircuit(quantised, {
    inputs: quantised.inputs.map(port),
    outputs: quantised.outputs.map(port),
  });
  const seconds = (performance.now() - started) / 1000;
  const { constraints, terms } = countConstraints(bytes);
  return { constraints, terms, seconds };
}

process.stdout.write(JSON.stringify(await build(process.argv[2] ?? '')));
