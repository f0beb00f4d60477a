import type { Constant, ModelNode } from '../../model/model.ts';

/** An integer attribute, which import writes out wherever it has a default. */
export function intOf(node: ModelNode, name: string): number | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'int' ? Number(attribute.value) : undefined;
}

export function intsOf(node: ModelNode, name: string): number[] | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'ints' ? attribute.value.map(Number) : undefined;
}

export function floatOf(node: ModelNode, name: string): number | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'float' ? attribute.value : undefined;
}

export function stringOf(node: ModelNode, name: string): string | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'string' ? attribute.value : undefined;
}

const readers = {
  float32: (view: DataView, index: number) => view.getFloat32(4 * index, true),
  int64: (view: DataView, index: number) => Number(view.getBigInt64(8 * index, true)),
} as const;

/** The elements of a small constant in memory; `undefined` for one that lies in a file or is of another type. */
export function valuesOf({ type, source }: Constant): number[] | undefined {
  const count = type.shape.reduce((product, size) => product * size, 1);
  if (source.kind === 'fill' && count <= 64) return new Array<number>(count).fill(Number(source.value));
  if (source.kind !== 'bytes' || (type.element !== 'float32' && type.element !== 'int64')) return undefined;
  const view = new DataView(source.bytes.buffer, source.bytes.byteOffset, source.bytes.byteLength);
  const read = readers[type.element];
  return Array.from({ length: count }, (_, index) => read(view, index));
}
