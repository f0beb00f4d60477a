import { interpret } from '../../../../protocol/arithmetic/interpreter.ts';
import type { QuantisedModel } from '../../../../protocol/arithmetic/model.ts';
import type { QuantisedTensor, Values } from '../../../../protocol/arithmetic/tensor.ts';
import { TesseraError } from '../../../../protocol/errors.ts';
import { throwIfAborted } from '../../../abort.ts';
import type { FloatInputs, FloatRunner } from './calibrate.ts';
import type { Quantisation } from './quantise-model.ts';
import { dequantise, quantiseFloats } from './scale.ts';

/** How far a tensor's integers are from the floats they stand for. */
export interface TensorFidelity {
  /** Largest and root-mean-square absolute difference, in the tensor's own unit. */
  largest: number;
  rootMeanSquare: number;
}

/** A quantised model held against its float original. */
export interface Fidelity {
  samples: number;
  /** Samples with a value outside what the circuit proves; they count as not the same class. */
  refused: number;
  /** Samples whose first output has its largest element at the same place as in float. */
  sameClass: number;
  /** Samples for which that place is the given label, in integers and in float. */
  correct: number;
  correctFloat: number;
  /** By tensor of the model, where both have one. */
  tensors: ReadonlyMap<string, TensorFidelity>;
}

/** The integers of float inputs, in the order of the model's inputs. */
export function quantiseInputs(model: QuantisedModel, inputs: FloatInputs): Map<string, Values> {
  return new Map(
    model.inputs.map((name) => {
      const { scale } = model.tensors.get(name) as QuantisedTensor;
      return [name, quantiseFloats(inputs.get(name) ?? [], scale)];
    }),
  );
}

function largestAt(values: ArrayLike<number>): number {
  let place = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[place] as number)) place = i;
  return place;
}

/** Runs both models over samples and compares every tensor that exists in both. */
export async function measureFidelity(
  { model, names }: Quantisation,
  runner: FloatRunner,
  samples: Iterable<{ inputs: FloatInputs; label?: number }>,
  options: { signal?: AbortSignal } = {},
): Promise<Fidelity> {
  const sums = new Map<string, { largest: number; squares: number; count: number }>();
  const report = { samples: 0, refused: 0, sameClass: 0, correct: 0, correctFloat: 0 };
  const [output = ''] = model.outputs;
  const [floatOutput = ''] = [...names].find(([, quantised]) => quantised === output) ?? [];
  for (const { inputs, label } of samples) {
    throwIfAborted(options.signal);
    report.samples++;
    const floats = await runner.run(inputs);
    const floatClass = largestAt(floats.get(floatOutput) ?? []);
    if (floatClass === label) report.correctFloat++;
    let values: ReadonlyMap<string, Values>;
    try {
      values = interpret(model, quantiseInputs(model, inputs));
    } catch (error) {
      if (!(error instanceof TesseraError && error.code === 'RANGE_EXCEEDED')) throw error;
      report.refused++;
      continue;
    }
    const integerClass = largestAt(values.get(output) as Values);
    if (integerClass === floatClass) report.sameClass++;
    if (integerClass === label) report.correct++;
    for (const [name, quantised] of names) {
      const [expected, integers] = [floats.get(name), values.get(quantised)];
      if (expected === undefined || integers === undefined) continue;
      const sum = sums.get(name) ?? { largest: 0, squares: 0, count: 0 };
      const actual = dequantise(integers, (model.tensors.get(quantised) as QuantisedTensor).scale);
      for (let i = 0; i < expected.length; i++) {
        const difference = Math.abs((actual[i] as number) - (expected[i] as number));
        sum.largest = Math.max(sum.largest, difference);
        sum.squares += difference ** 2;
      }
      sum.count += expected.length;
      sums.set(name, sum);
    }
  }
  const tensors = new Map(
    [...sums].map(([name, { largest, squares, count }]) => [
      name,
      { largest, rootMeanSquare: Math.sqrt(squares / Math.max(1, count)) },
    ]),
  );
  return { ...report, tensors };
}
