import { elementsOf } from '../../../protocol/blocks.ts';
import { type Box, elementCount } from '../../../protocol/edge.ts';

/** The part of a tensor of the whole that a tensor of its own carries. */
export interface Block {
  /** The tensor that it is a part of. */
  tensor: string;
  box: Box;
}

/** By the name of the tensor that carries the block; the blocks of each tensor in their order, and a partition of it. */
export type Blocks = ReadonlyMap<string, Block>;

/** A box, and the tensor that carries what lies in it. */
export interface NamedBox {
  name: string;
  box: Box;
}

/** For each divided tensor its blocks, in their order. */
export function blocksByTensor(blocks: Blocks): Map<string, NamedBox[]> {
  const parts = new Map<string, NamedBox[]>();
  for (const [name, { tensor, box }] of blocks) {
    const known = parts.get(tensor);
    if (known === undefined) parts.set(tensor, [{ name, box }]);
    else known.push({ name, box });
  }
  return parts;
}

/** The shape of a tensor that these boxes partition. */
export function shapeOf(parts: readonly { box: Box }[]): number[] {
  const rank = parts[0]?.box.start.length ?? 0;
  return Array.from({ length: rank }, (_, axis) =>
    Math.max(...parts.map(({ box }) => (box.start[axis] ?? 0) + (box.size[axis] ?? 0))),
  );
}

/** Adds to tensors' values, row-major, those of every tensor of which all blocks are there. */
export function withJoined<T>(
  values: ReadonlyMap<string, readonly T[]>,
  blocks: Blocks,
): Map<string, readonly T[]> {
  const all = new Map(values);
  for (const [tensor, parts] of blocksByTensor(blocks)) {
    const known = parts.flatMap(({ name, box }) => {
      const elements = values.get(name);
      return elements === undefined ? [] : [{ box, elements }];
    });
    if (known.length < parts.length) continue;
    const shape = shapeOf(parts);
    all.set(tensor, joinElements(known, shape, new Array<T>(elementCount(shape))));
  }
  return all;
}

/** Adds to tensors' values, row-major, those of the blocks of every tensor that is there. */
export function withBlocks<T>(
  values: ReadonlyMap<string, readonly T[]>,
  blocks: Blocks,
): Map<string, readonly T[]> {
  const all = new Map(values);
  for (const [tensor, parts] of blocksByTensor(blocks)) {
    const whole = values.get(tensor);
    if (whole === undefined) continue;
    const shape = shapeOf(parts);
    for (const { name, box } of parts) all.set(name, elementsOf(whole, shape, box));
  }
  return all;
}

/** Writes the elements of every box, row-major, to their places in the whole tensor, row-major too. */
export function joinElements<T, Whole extends { [index: number]: T }>(
  parts: readonly { box: Box; elements: ArrayLike<T> }[],
  shape: readonly number[],
  whole: Whole,
): Whole {
  for (const { box, elements } of parts) {
    for (let i = 0; i < elements.length; i++) {
      let [rest, at, stride] = [i, 0, 1];
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        const size = box.size[axis] ?? 1;
        at += ((box.start[axis] ?? 0) + (rest % size)) * stride;
        rest = Math.floor(rest / size);
        stride *= shape[axis] ?? 1;
      }
      whole[at] = elements[i] as T;
    }
  }
  return whole;
}
