import { type Box, elementCount } from './edge.ts';

/** Whether boxes partition a tensor of this shape: each element lies in exactly one. Work: boxes × 2^rank. */
export function partitions(boxes: readonly Box[], shape: readonly number[]): boolean {
  if (!boxes.every((box) => liesWithin(box, shape))) return false;
  // Boxes' indicator functions sum to the tensor's exactly when their mixed differences do, and the difference of
  // a box is ±1 at each of its corners. So: the signed corners of the boxes cancel but for those of the tensor.
  const corners = new Map<number, number>();
  for (const box of boxes) addCorners(corners, box, shape, 1);
  addCorners(corners, { start: shape.map(() => 0), size: shape }, shape, -1);
  return corners.size === 0;
}

/** Whether a box is not empty and no part of it is outside the tensor. */
function liesWithin(box: Box, shape: readonly number[]): boolean {
  return (
    box.start.length === shape.length &&
    box.size.length === shape.length &&
    shape.every((dimension, axis) => {
      const start = box.start[axis] ?? -1;
      const size = box.size[axis] ?? 0;
      return start >= 0 && size >= 1 && start + size <= dimension;
    })
  );
}

function addCorners(corners: Map<number, number>, box: Box, shape: readonly number[], weight: number): void {
  for (let choice = 0; choice < 2 ** shape.length; choice++) {
    let at = 0;
    let sign = weight;
    for (const [axis, dimension] of shape.entries()) {
      const far = (choice >> axis) & 1;
      at = at * (dimension + 1) + (box.start[axis] ?? 0) + (far === 1 ? (box.size[axis] ?? 0) : 0);
      if (far === 1) sign = -sign;
    }
    const sum = (corners.get(at) ?? 0) + sign;
    if (sum === 0) corners.delete(at);
    else corners.set(at, sum);
  }
}

/** The elements of one box of a row-major tensor, row-major. */
export function elementsOf<T>(values: readonly T[], shape: readonly number[], box: Box): T[] {
  const count = elementCount(box.size);
  const out: T[] = [];
  for (let i = 0; i < count; i++) {
    let rest = i;
    let at = 0;
    let stride = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = box.size[axis] ?? 1;
      at += ((box.start[axis] ?? 0) + (rest % size)) * stride;
      rest = Math.floor(rest / size);
      stride *= shape[axis] ?? 1;
    }
    const value = values[at];
    if (value === undefined) throw new RangeError(`element ${at} of ${values.length}`);
    out.push(value);
  }
  return out;
}
