import { validate } from '../../../../protocol/arithmetic/interpreter.ts';
import type { QuantisedModel } from '../../../../protocol/arithmetic/model.ts';
import { constantFloats, constantIntegers } from '../../../model/constant.ts';
import type { Model } from '../../../model/model.ts';
import { lowerings } from './lower/index.ts';
import { defaultQuantiseOptions, type NumberType, type QuantiseOptions } from './options.ts';
import { type FloatConstant, Quantiser } from './quantiser.ts';
import { bitsFor, extent, type FloatRange, scaleFor } from './scale.ts';
import { unsupportedNode } from './unsupported.ts';

async function loadConstants(model: Model): Promise<Map<string, FloatConstant>> {
  const constants = new Map<string, FloatConstant>();
  const used = new Set(model.nodes.flatMap((node) => node.inputs));
  for (const [name, constant] of model.constants) {
    const { element, shape } = constant.type;
    if (!used.has(name) || element === 'string') continue;
    const values =
      element === 'float32'
        ? Float64Array.from(await constantFloats(constant))
        : Float64Array.from(await constantIntegers(constant), Number);
    constants.set(name, { shape, values });
  }
  return constants;
}

/** The finest type in which a range fills no more than `bits` bits; its interval is a power of two wide. */
export function calibratedType(range: FloatRange, bits: number): NumberType {
  const scale = scaleFor(extent(range), bits);
  return { scale, ...calibratedInterval(range, scale) };
}

/** The interval of an edge that holds a range at a scale. */
export function calibratedInterval({ min, max }: FloatRange, scale: number): { lo: number; hi: number } {
  return edgeInterval({ lo: Math.round(min * 2 ** scale), hi: Math.round(max * 2 ** scale) });
}

/**
 * The interval of an edge: the least one around a tensor's that is [0, 2^b) or [−2^b, 2^b), so that one range check
 * proves it.
 */
export function edgeInterval({ lo, hi }: { lo: number; hi: number }): { lo: number; hi: number } {
  const bits = Math.max(1, bitsFor(hi), bitsFor(-lo - 1));
  return { lo: lo < 0 ? -(2 ** bits) : 0, hi: 2 ** bits - 1 };
}

/** A model over integers, and where the tensors of the float model are in it. */
export interface Quantisation {
  model: QuantisedModel;
  /** Quantised tensor by name of the float model's tensor; tensors that only arise rectified are left out. */
  names: ReadonlyMap<string, string>;
}

/**
 * Quantises a model: integers for its weights, a power-of-two scale and an interval for every tensor.
 * @param ranges what calibration saw of every computed tensor
 * @throws TesseraError `UNPROVABLE` for an operator or attribute that is not supported, `INPUT_INVALID` when
 *   calibration does not cover a tensor, `RANGE_EXCEEDED` when an accumulator could pass 2^52.
 */
export async function quantiseModel(
  model: Model,
  ranges: ReadonlyMap<string, FloatRange>,
  options: Partial<QuantiseOptions> = {},
): Promise<Quantisation> {
  const settings = { ...defaultQuantiseOptions, ...options };
  const quantiser = new Quantiser(model, ranges, await loadConstants(model), settings);
  for (const name of model.inputs) {
    const type = settings.inputTypes.get(name) ?? calibratedType(quantiser.range(name), settings.inputBits);
    quantiser.input(name, { shape: quantiser.shape(name), ...type });
  }
  for (const node of model.nodes) {
    quantiser.begin(node);
    const fault = unsupportedNode(model, node);
    const lower = lowerings.get(node.operator);
    if (fault !== undefined || lower === undefined) {
      throw quantiser.unsupported(fault?.reason ?? 'there is no circuit for this operator', fault?.remedy);
    }
    lower(quantiser, node);
  }
  const outputs = model.outputs.map((name) => {
    return quantiser.settled(name, settings.outputBits);
  });
  const quantised = { inputs: model.inputs, outputs, tensors: quantiser.tensors, nodes: quantiser.nodes };
  validate(quantised);
  return { model: quantised, names: quantiser.names() };
}
