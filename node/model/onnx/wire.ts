/** Protobuf's wire types (https://protobuf.dev/programming-guides/encoding/); groups are not used by ONNX. */
export const wireType = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 } as const;

/** A non-negative number up to 2^53 as a varint. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  while (left >= 0x80) {
    bytes.push((left % 0x80) + 0x80);
    left = Math.floor(left / 0x80);
  }
  bytes.push(left);
  return Uint8Array.from(bytes);
}

/** The key that precedes a field. */
export function tag(number: number, wire: number): Uint8Array {
  return varint(number * 8 + wire);
}

/** The key and length that precede a field of `length` bytes. */
export function delimited(number: number, length: number): Uint8Array {
  return Buffer.concat([tag(number, wireType.delimited), varint(length)]);
}
