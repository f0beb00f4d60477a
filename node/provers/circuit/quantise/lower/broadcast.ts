/** For each element of `output`, the element of a tensor of shape `source` that ONNX broadcasting gives it. */
export function broadcastIndex(source: readonly number[], output: readonly number[]): Int32Array {
  const rank = output.length;
  const strides = new Array<number>(rank).fill(0);
  let stride = 1;
  for (let axis = rank - 1; axis >= rank - source.length; axis--) {
    const size = source[axis - (rank - source.length)] as number;
    strides[axis] = size === 1 ? 0 : stride;
    stride *= size;
  }
  return indexBy(output, (position) =>
    position.reduce((sum, place, axis) => sum + place * (strides[axis] as number), 0),
  );
}

/** An index for each place of a shape, in row-major order. */
export function indexBy(
  shape: readonly number[],
  index: (position: readonly number[]) => number,
): Int32Array {
  const result = new Int32Array(shape.reduce((product, size) => product * size, 1));
  const position = shape.map(() => 0);
  for (let i = 0; i < result.length; i++) {
    result[i] = index(position);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position[axis] = (position[axis] as number) + 1;
      if ((position[axis] as number) < (shape[axis] as number)) break;
      position[axis] = 0;
    }
  }
  return result;
}

/** Steps between neighbours on each axis, row-major. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = (strides[axis + 1] as number) * (shape[axis + 1] as number);
  }
  return strides;
}
