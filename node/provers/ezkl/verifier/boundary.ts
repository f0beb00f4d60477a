import type { Proof } from '../../../../protocol/certificate.ts';
import { type EdgeType, elementCount, type Scheme } from '../../../../protocol/edge.ts';
import { TesseraError } from '../../../../protocol/errors.ts';
import { writeElements } from '../../../../protocol/field.ts';
import type { Circuit } from '../../../../protocol/manifest.ts';
import { g1Length, readG1 } from './points.ts';

/** Points that one committed tensor may take. */
const maxColumns = 65_536;

/**
 * Columns that ezkl gives a committed tensor: it makes room for one more cell a column than the tensor has
 * (`VarTensor::new_unblinded_advice`), so a tensor just short of a full column already takes a second, empty one.
 */
export function committedColumns(type: EdgeType, scheme: Scheme & { name: 'kzg' }): number {
  const size = elementCount(type.shape);
  const rows = scheme.usableRows;
  const columns = Math.floor((size + Math.floor(size / rows) + 1) / rows) + 1;
  if (!(columns <= maxColumns)) {
    throw new TesseraError('ENCODING_INVALID', {
      message: `a tensor of ${size} elements in columns of ${rows} rows`,
    });
  }
  return columns;
}

/**
 * Splits a proof into what it binds at each port. Committed tensors stand first in the bytes, public ones are the
 * public inputs; in both, inputs come before outputs. Whether the proof's tail has the right length is for
 * {@link parseVka}'s `proofLength` to say; here it must hold every committed point.
 */
export function boundaryOf(circuit: Circuit, proof: Proof): { inputs: Uint8Array[]; outputs: Uint8Array[] } {
  let offset = 0;
  let next = 0;

  const points = (type: EdgeType, scheme: Scheme & { name: 'kzg' }, name: string): Uint8Array => {
    const length = g1Length * committedColumns(type, scheme);
    const bytes = proof.bytes.slice(offset, offset + length);
    if (bytes.length !== length) {
      throw new TesseraError('ENCODING_INVALID', { message: `proof: ends before the commitment of ${name}` });
    }
    for (let at = 0; at < length; at += g1Length)
      readG1(bytes.subarray(at), `proof: the commitment of ${name}`);
    offset += length;
    return bytes;
  };
  const values = (type: EdgeType, name: string): Uint8Array => {
    const size = elementCount(type.shape);
    const slice = proof.publicInputs.slice(next, next + size);
    if (slice.length !== size) {
      throw new TesseraError('ENCODING_INVALID', { message: `proof: too few public values for ${name}` });
    }
    next += size;
    return writeElements(slice);
  };
  const port = (type: EdgeType, name: string): Uint8Array => {
    switch (type.scheme.name) {
      case 'kzg':
        return points(type, type.scheme, name);
      case 'public':
        return values(type, name);
      case 'poseidon2':
        throw new TesseraError('ENCODING_INVALID', { message: `ezkl has no poseidon2 ports, as ${name} is` });
    }
  };

  const inputs = circuit.inputs.map((type, i) => port(type, `input ${i}`));
  const outputs = circuit.outputs.map((type, i) => port(type, `output ${i}`));
  if (next !== proof.publicInputs.length) {
    throw new TesseraError('ENCODING_INVALID', {
      message: `proof: ${proof.publicInputs.length} public values where the ports take ${next}`,
    });
  }
  return { inputs, outputs };
}
