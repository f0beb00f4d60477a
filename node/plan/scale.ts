import { throwIfAborted } from '../abort.ts';
import type { NamedTensors } from '../model/inference.ts';
import type { Constant, Model, ModelNode } from '../model/model.ts';
import type { RunOptions } from '../progress.ts';
import { type FloatInputs, type FloatRange, openFloatRunner } from '../provers/circuit/index.ts';
import { defaultEzklParams, largestValue } from '../provers/ezkl/parameters.ts';
import { calibrateModel, floatSamples } from './calibration.ts';

/** An output may differ from the float model's by this part of its largest magnitude. */
const tolerance = 1 / 20;

/** By how much inputs yet to come may exceed those of the samples. */
const headroom = 4;

/** More bits gain nothing: the emulation itself is in float32, of 24 bits. */
const largestScale = 12;

/** Samples that are run for each scale. */
const maximumSamples = 32;

/**
 * Chooses the fractional bits of ezkl's inputs and weights by sample inputs: the fewest, from the default upwards, with
 * which every sample has the class of the float model and outputs within 5 % of it, emulated in floats; where none
 * has, the most that ezkl's circuits hold. Fewer bits than the default save no constraints.
 *
 * @param samples at least one; the first 32 are run
 * @throws TesseraError `INPUT_INVALID` for a model with an input that is not of float32, `ABORTED`
 */
export async function chooseScale(
  model: Model,
  samples: readonly NamedTensors[],
  options: RunOptions = {},
): Promise<number> {
  const used = samples.slice(0, maximumSamples);
  const ranges = await calibrateModel(model, used, options);
  const most = largestHeld([...ranges].filter(([name]) => model.types.has(name)).map(([, range]) => range));
  const inputs = floatSamples(used);
  const floats = await outputsOf(model, inputs, options);
  for (let scale = defaultEzklParams.scale; scale < most; scale += 1) {
    const emulated = await outputsOf(quantised(model, scale), inputs, options);
    if (floats.every((output, index) => faithful(output, emulated[index] ?? []))) return scale;
  }
  return most;
}

/** The most fractional bits under which no product of the samples leaves what the default digits hold. */
function largestHeld(ranges: readonly FloatRange[]): number {
  const magnitudes = ranges.map(({ min, max }) => Math.max(-min, max));
  const largest = Math.max(1, ...magnitudes) * headroom;
  const bits = Math.log2(Number(largestValue(defaultEzklParams)) / largest);
  return Math.max(defaultEzklParams.scale, Math.min(largestScale, Math.floor(bits / 2)));
}

/** Every output of every sample. */
async function outputsOf(
  model: Model,
  samples: readonly FloatInputs[],
  { signal }: RunOptions,
): Promise<Float64Array[]> {
  const runner = await openFloatRunner(model, model.outputs);
  try {
    const all: Float64Array[] = [];
    for (const sample of samples) {
      throwIfAborted(signal);
      const outputs = await runner.run(sample);
      for (const name of model.outputs) all.push(Float64Array.from(outputs.get(name) ?? []));
    }
    return all;
  } finally {
    await runner.close();
  }
}

function faithful(expected: Float64Array, actual: ArrayLike<number>): boolean {
  const allowed = tolerance * expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const near = expected.every((value, index) => Math.abs((actual[index] ?? Number.NaN) - value) <= allowed);
  return near && largestAt(expected) === largestAt(actual);
}

function largestAt(values: ArrayLike<number>): number {
  let at = 0;
  for (let i = 1; i < values.length; i += 1) if ((values[i] ?? 0) > (values[at] ?? 0)) at = i;
  return at;
}

/** The model with every float32 tensor, given, constant or computed, rounded to a multiple of 2^-scale. */
function quantised(model: Model, scale: number): Model {
  const isFloat = (name: string) =>
    (model.types.get(name) ?? model.constants.get(name)?.type)?.element === 'float32';
  const rounded = (name: string) => (isFloat(name) ? `${name}/rounded` : name);
  const [up, down] = ['tessera/up', 'tessera/down'];
  const node = (operator: string, inputs: readonly string[], output: string): ModelNode => ({
    name: output,
    operator,
    domain: '',
    inputs,
    outputs: [output],
    attributes: new Map(),
  });
  const rounding = (name: string): ModelNode[] => [
    node('Mul', [name, up], `${name}/scaled`),
    node('Round', [`${name}/scaled`], `${name}/whole`),
    node('Mul', [`${name}/whole`, down], `${name}/rounded`),
  ];
  const given = [...model.inputs, ...model.constants.keys()].filter(isFloat);
  return {
    ...model,
    outputs: model.outputs.map(rounded),
    nodes: [
      ...given.flatMap(rounding),
      ...model.nodes.flatMap((own) => [
        { ...own, inputs: own.inputs.map(rounded) },
        ...own.outputs.filter(isFloat).flatMap(rounding),
      ]),
    ],
    constants: new Map([...model.constants, [up, power(scale)], [down, power(-scale)]]),
    types: new Map([
      ...model.types,
      ...[...given, ...model.nodes.flatMap(({ outputs }) => outputs.filter(isFloat))].flatMap((name) => {
        const type = model.types.get(name) ?? model.constants.get(name)?.type;
        return type === undefined
          ? []
          : ['scaled', 'whole', 'rounded'].map((step) => [`${name}/${step}`, type] as const);
      }),
    ]),
  };
}

function power(exponent: number): Constant {
  return { type: { element: 'float32', shape: [] }, source: { kind: 'fill', value: 2 ** exponent } };
}
