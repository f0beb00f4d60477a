import { TesseraError } from '../../../protocol/errors.ts';
import { limits } from '../../../protocol/limits.ts';
import type { Model } from '../../model/model.ts';
import { defaultQuantiseOptions, type QuantiseOptions } from '../circuit/quantise/options.ts';
import { differenceName, poolAxes } from '../circuit/quantise/pool-differences.ts';
import type { FloatRange } from '../circuit/quantise/scale.ts';

/** Numbers that quantisation is steered by; see {@link QuantiseOptions}. */
type Precision = Pick<
  QuantiseOptions,
  'activationBits' | 'weightBits' | 'inputBits' | 'outputBits' | 'headroomBits'
>;

/** All that a segment's circuit depends on besides its model and its ports. */
export interface Groth16Params extends Precision {
  /** Tensors computed here that leave the segment as edges to others; sorted. */
  edges: readonly string[];
  /** What calibration saw of the segment's tensors and of differences within poolings: least and largest value. */
  ranges: Readonly<Record<string, readonly [number, number]>>;
}

/**
 * A recipe may come from anybody, and an audit does not judge how well its circuits compute what the model does. So
 * what is too coarse for any model is refused: with 4 bits for activations and weights, 96 % to 98 % of digits keep the
 * class that the float network gives them, with 3 bits 91 % to 95 %, with 2 bits 79 % to 87 %; inputs of 2 bits keep 98 %.
 */
const precisionLimits: Readonly<Record<keyof Precision, readonly [number, number]>> = {
  activationBits: [4, 32],
  // Weights are 32-bit integers with a sign.
  weightBits: [4, 31],
  inputBits: [2, 32],
  outputBits: [4, 32],
  headroomBits: [0, 16],
};

/**
 * A segment's part of a calibration of the whole model.
 *
 * @param model the segment
 * @param ranges what calibration saw of every computed tensor of the whole model
 * @param edges all tensors of the whole model that are edges between segments
 */
export function groth16Params(
  model: Model,
  ranges: ReadonlyMap<string, FloatRange>,
  edges: ReadonlySet<string>,
  options: Partial<QuantiseOptions> = {},
): Groth16Params {
  const { activationBits, weightBits, inputBits, outputBits, headroomBits } = {
    ...defaultQuantiseOptions,
    ...options,
  };
  const computed = new Set(model.nodes.flatMap((node) => node.outputs));
  const differences = model.nodes
    .filter(({ operator }) => operator === 'MaxPool')
    .flatMap((node) => {
      const [output = ''] = node.outputs;
      const axes = poolAxes(node, model.types.get(output)?.shape ?? []);
      return axes.map(({ axis }) => differenceName(output, axis));
    });
  const seen = [...new Set([...model.inputs, ...computed, ...differences])].flatMap((name) => {
    const range = ranges.get(name);
    // JSON has no −0.
    return range === undefined ? [] : [[name, [range.min + 0, range.max + 0]] as const];
  });
  return {
    activationBits,
    weightBits,
    inputBits,
    outputBits,
    headroomBits,
    edges: [...edges].filter((name) => computed.has(name)).sort(),
    ranges: Object.fromEntries(seen),
  };
}

/** What {@link groth16Params} collected, as quantisation takes it. */
export function quantiseSettings(params: Groth16Params): {
  ranges: ReadonlyMap<string, FloatRange>;
  options: Precision & { edges: ReadonlySet<string> };
} {
  const { edges, ranges, ...precision } = params;
  return {
    ranges: new Map(Object.entries(ranges).map(([name, [min, max]]) => [name, { min, max }])),
    options: { ...precision, edges: new Set(edges) },
  };
}

/**
 * A circuit's parameters as a recipe keeps them: JSON with sorted keys.
 *
 * @throws TesseraError `UNPROVABLE` when they are longer than a recipe may hold
 */
export function formatGroth16Params(params: Groth16Params): string {
  const ranges = Object.entries(params.ranges).sort(([a], [b]) => (a < b ? -1 : 1));
  const sorted = Object.entries({ ...params, ranges: Object.fromEntries(ranges) }).sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  const text = JSON.stringify(Object.fromEntries(sorted));
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.parameterBytes) {
    throw new TesseraError('UNPROVABLE', {
      message: `The calibration of one segment takes ${bytes} bytes; a recipe holds ${limits.parameterBytes}`,
      remedy: 'Cut the model into more segments.',
      details: { bytes, limit: limits.parameterBytes },
    });
  }
  return text;
}

/**
 * Reads what {@link formatGroth16Params} wrote, and nothing else.
 *
 * @throws TesseraError `ENCODING_INVALID` for any other text
 */
export function parseGroth16Params(text: string): Groth16Params {
  const invalid = (cause?: unknown) =>
    new TesseraError('ENCODING_INVALID', {
      message: `groth16: ${JSON.stringify(text.slice(0, 100))} are not a circuit's parameters`,
      cause,
    });
  if (Buffer.byteLength(text) > limits.parameterBytes) throw invalid();
  let params: Groth16Params;
  try {
    params = JSON.parse(text) as Groth16Params;
  } catch (cause) {
    throw invalid(cause);
  }
  if (!isParams(params) || formatGroth16Params(params) !== text) throw invalid();
  return params;
}

const fieldCount = Object.keys(precisionLimits).length + 2;

function isParams(value: Partial<Groth16Params> | null): value is Groth16Params {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== fieldCount) return false;
  const { edges, ranges } = value;
  return (
    Object.entries(precisionLimits).every(([name, [lo, hi]]) => {
      const bits = value[name as keyof Precision];
      return Number.isInteger(bits) && (bits as number) >= lo && (bits as number) <= hi;
    }) &&
    Array.isArray(edges) &&
    edges.every((name, i) => isName(name) && (i === 0 || edges[i - 1] < name)) &&
    typeof ranges === 'object' &&
    ranges !== null &&
    Object.entries(ranges).every(([name, range]) => isName(name) && isRange(range))
  );
}

const isName = (name: unknown): boolean =>
  typeof name === 'string' && Buffer.byteLength(name) <= limits.nameBytes;

/** Calibration sees values of float32; of larger ones, bits could be counted without end. */
const maxFloat32 = (2 - 2 ** -23) * 2 ** 127;

function isRange(range: unknown): boolean {
  if (!Array.isArray(range) || range.length !== 2) return false;
  const isFloat32 = (value: unknown) => typeof value === 'number' && Math.abs(value) <= maxFloat32;
  const [min, max] = range as [number, number];
  return isFloat32(min) && isFloat32(max) && min <= max;
}
