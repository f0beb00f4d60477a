import { stringAttribute } from '../../../../model/attributes.ts';
import type { ModelNode } from '../../../../model/model.ts';
import type { Lowering, Quantiser } from '../quantiser.ts';
import { indexBy, stridesOf } from './broadcast.ts';
import { move } from './movement.ts';

type Coordinate = (place: number, scale: number, input: number, output: number) => number;

const { fround } = Math;

/** Step by step in single precision, as ONNX Runtime has it: a place near the middle of two may fall to either side. */
const halfPixel: Coordinate = (place, scale) => fround(fround((place + 0.5) / scale) - 0.5);

/** Where a place of the output lies in the input, by `coordinate_transformation_mode`. */
export const coordinates: ReadonlyMap<string, Coordinate> = new Map<string, Coordinate>([
  ['half_pixel', halfPixel],
  ['pytorch_half_pixel', (...given) => (given[3] > 1 ? halfPixel(...given) : 0)],
  ['asymmetric', (place, scale) => fround(place / scale)],
  [
    'align_corners',
    (place, _, input, output) => (output > 1 ? fround((place * (input - 1)) / (output - 1)) : 0),
  ],
]);

/** The neighbour that is taken, by `nearest_mode`. */
export const neighbours: ReadonlyMap<string, (x: number) => number> = new Map([
  ['round_prefer_floor', (x: number) => Math.ceil(x - 0.5)],
  ['round_prefer_ceil', (x: number) => Math.floor(x + 0.5)],
  ['floor', Math.floor],
  ['ceil', Math.ceil],
]);

function scalesOf(
  quantiser: Quantiser,
  node: ModelNode,
  input: readonly number[],
  output: readonly number[],
) {
  const [, , scalesName = ''] = node.inputs;
  const given = scalesName === '' ? undefined : quantiser.constant(scalesName);
  if (given === undefined || given.values.length === 0) {
    return output.map((size, axis) => fround(size / (input[axis] as number)));
  }
  return Array.from(given.values);
}

/** `Resize` to the nearest neighbour on any axes (https://onnx.ai/onnx/operators/onnx__Resize.html). */
export const lowerResize: Lowering = (quantiser, node) => {
  const [source = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const [input, shape] = [quantiser.shape(source), quantiser.shape(output)];
  const transformation = stringAttribute(node, 'coordinate_transformation_mode') ?? 'half_pixel';
  const rounding = stringAttribute(node, 'nearest_mode') ?? 'round_prefer_floor';
  const [coordinate, neighbour] = [coordinates.get(transformation), neighbours.get(rounding)];
  if (coordinate === undefined || neighbour === undefined) {
    throw quantiser.unsupported(`its coordinates are ${transformation}, ${rounding}`);
  }
  const scales = scalesOf(quantiser, node, input, shape);
  const places = shape.map((size, axis) => {
    const available = input[axis] as number;
    return Array.from({ length: size }, (_, place) => {
      const at = neighbour(coordinate(place, scales[axis] as number, available, size));
      return Math.max(0, Math.min(available - 1, at));
    });
  });
  const strides = stridesOf(input);
  const from = indexBy(shape, (position) =>
    position.reduce(
      (sum, place, axis) => sum + (places[axis]?.[place] as number) * (strides[axis] as number),
      0,
    ),
  );
  move(quantiser, source, output, from);
};
