/** A `.npy` file as NumPy's format description lays it out, version 1.0. */
export function npy(descr: string, shape: string, data: ArrayBuffer, fortran = 'False'): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;
  const header = `${text}${' '.repeat(64 - ((10 + text.length + 1) % 64))}\n`;
  const length = Uint8Array.of(header.length & 255, header.length >> 8);
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    length,
    Buffer.from(header),
    Buffer.from(data),
  ]);
}
