import { throwIfAborted } from '../abort.ts';
import type { NamedTensors } from '../model/inference.ts';
import type { Model } from '../model/model.ts';
import type { RunOptions } from '../progress.ts';
import {
  defaultQuantiseOptions,
  type FloatRange,
  measureFidelity,
  openFloatRunner,
  quantiseModel,
  unsupportedNode,
} from '../provers/circuit/index.ts';
import { floatSamples } from './calibration.ts';

/** Fewer samples say too little of what a coarser input does to the next one. */
const leastSamples = 32;
const mostSamples = 100;

/** Fewer are for no input of this size: 4 bits are 16 shades. */
const leastBits = 4;

/** Samples that must keep the float model's class. */
const sameClass = 0.99;

/** The root mean square of the outputs' errors may be this part of their largest magnitude. */
const tolerance = 1 / 100;

/**
 * Chooses the bits of the inputs of Tessera's own circuits, each of which costs a constraint for every value: from 4 to
 * the default of 7, the fewest with which 99 of 100 samples keep the float model's class, and outputs are within 1 % of
 * it on the average. The default where none of these is enough, where there are fewer than 32 samples, and for a model
 * that these circuits support in part only.
 *
 * @param ranges its calibration by these samples
 * @throws TesseraError `INPUT_INVALID` for an input that is not of float32, `RANGE_EXCEEDED` for a model that cannot be
 *   quantised, `ABORTED`
 */
export async function chooseInputBits(
  model: Model,
  samples: readonly NamedTensors[],
  ranges: ReadonlyMap<string, FloatRange>,
  { signal }: RunOptions = {},
): Promise<number> {
  const most = defaultQuantiseOptions.inputBits;
  const supported = model.nodes.every((node) => unsupportedNode(model, node) === undefined);
  if (samples.length < leastSamples || !supported) return most;
  const used = floatSamples(samples.slice(0, mostSamples)).map((inputs) => ({ inputs }));
  const runner = await openFloatRunner(model);
  try {
    for (let inputBits = leastBits; inputBits < most; inputBits += 1) {
      throwIfAborted(signal);
      const quantisation = await quantiseModel(model, ranges, { inputBits });
      const fidelity = await measureFidelity(quantisation, runner, used, signal ? { signal } : {});
      const near = model.outputs.every((name) => {
        const { min = 0, max = 0 } = ranges.get(name) ?? {};
        const error = fidelity.tensors.get(name)?.rootMeanSquare ?? Number.POSITIVE_INFINITY;
        return error <= tolerance * Math.max(-min, max);
      });
      if (near && fidelity.sameClass >= sameClass * used.length) return inputBits;
    }
    return most;
  } finally {
    await runner.close();
  }
}
