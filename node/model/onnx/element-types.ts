import type { ElementType } from '../model.ts';

/** ONNX's numbers of element types (TensorProto.DataType); complex and sub-byte types are not carried. */
const byNumber: ReadonlyMap<number, ElementType> = new Map([
  [1, 'float32'],
  [2, 'uint8'],
  [3, 'int8'],
  [4, 'uint16'],
  [5, 'int16'],
  [6, 'int32'],
  [7, 'int64'],
  [8, 'string'],
  [9, 'bool'],
  [10, 'float16'],
  [11, 'float64'],
  [12, 'uint32'],
  [13, 'uint64'],
  [16, 'bfloat16'],
]);

const byName = new Map([...byNumber].map(([number, name]) => [name, number]));

/** The element type of an ONNX number; `undefined` for one that this program does not carry. */
export function elementTypeOf(number: number): ElementType | undefined {
  return byNumber.get(number);
}

/** The ONNX number of an element type. */
export function elementTypeNumber(element: ElementType): number {
  return byName.get(element) ?? 0;
}
