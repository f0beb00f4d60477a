import { elementCount } from './element.ts';
import type { Constant } from './model.ts';

const readers = {
  float32: (view: DataView, index: number) => view.getFloat32(4 * index, true),
  int64: (view: DataView, index: number) => Number(view.getBigInt64(8 * index, true)),
} as const;

/** The elements of a small constant in memory; `undefined` for one that lies in a file or is of another type. */
export function constantValues({ type, source }: Constant): number[] | undefined {
  const count = elementCount(type.shape);
  if (source.kind === 'fill' && count <= 64) return new Array<number>(count).fill(Number(source.value));
  if (source.kind !== 'bytes' || (type.element !== 'float32' && type.element !== 'int64')) return undefined;
  const view = new DataView(source.bytes.buffer, source.bytes.byteOffset, source.bytes.byteLength);
  const read = readers[type.element];
  return Array.from({ length: count }, (_, index) => read(view, index));
}
