import { type EdgeType, elementCount } from '../../../../protocol/edge.ts';
import { TesseraError } from '../../../../protocol/errors.ts';
import { fitsField } from '../../../../protocol/field.ts';
import { committedColumns } from './boundary.ts';
import { multiScalarMultiply } from './msm.ts';
import { g1Length, readRawG1, writeG1 } from './points.ts';
import { openSrs } from './srs.ts';

/**
 * The canonical commitment to a tensor on a `kzg` edge, equal to ezkl's `kzg_commit` and to what an honest proof
 * starts with: a column holds `usableRows` values in row-major order, then zeros; its unusable rows hold one each
 * (halo2's default blind); the point is Σ valueᵢ·[L_i(s)]G1. Columns follow one another, 64 bytes each.
 *
 * @param values integers that fit the field; negative ones stand for their residue mod r
 * @param srs an SRS file of the type's k whose powers have been checked
 * @throws TesseraError `SRS_INVALID` for another size, `INPUT_INVALID` for a wrong count or a value that does not fit
 */
export function kzgCommit(type: EdgeType, values: readonly bigint[], srs: Uint8Array): Uint8Array {
  const { scheme } = type;
  if (scheme.name !== 'kzg') {
    throw new TesseraError('INPUT_INVALID', { message: `A ${scheme.name} port has no kzg commitment` });
  }
  if (values.length !== elementCount(type.shape)) {
    throw new TesseraError('INPUT_INVALID', {
      message: `${values.length} values for a tensor of ${elementCount(type.shape)} elements`,
    });
  }
  const unfit = values.findIndex((value) => !fitsField(value));
  if (unfit >= 0) {
    throw new TesseraError('INPUT_INVALID', { message: `Value ${unfit} does not fit the field of BN254` });
  }
  const file = openSrs(srs);
  if (file.k !== scheme.k) {
    throw new TesseraError('SRS_INVALID', {
      message: `SRS: its size is 2^${file.k}, the edge's is 2^${scheme.k}`,
    });
  }
  const n = 2 ** file.k;
  const point = (row: number) =>
    readRawG1(file.lagrange.subarray(g1Length * row), `SRS: Lagrange point ${row}`);
  const unusable = Array.from({ length: n - scheme.usableRows }, (_, i) => point(scheme.usableRows + i));
  const blind = multiScalarMultiply(
    unusable,
    unusable.map(() => 1n),
  );

  const columns = committedColumns(type, scheme);
  const rows = Math.min(values.length, scheme.usableRows);
  const points = Array.from({ length: rows }, (_, row) => point(row));
  const bytes = new Uint8Array(g1Length * columns);
  for (let column = 0; column < columns; column++) {
    const start = column * scheme.usableRows;
    const scalars = values.slice(start, start + scheme.usableRows);
    const sum = multiScalarMultiply(points.slice(0, scalars.length), scalars);
    bytes.set(writeG1(sum.add(blind)), g1Length * column);
  }
  return bytes;
}
