import { floatAttribute, intAttribute } from '../../../../model/attributes.ts';
import type { ModelNode } from '../../../../model/model.ts';
import type { FloatConstant, Lowering, Quantiser } from '../quantiser.ts';
import { quantiseFloats } from '../scale.ts';
import { quantiseSummed } from './weights.ts';

function emitMatrix(
  quantiser: Quantiser,
  node: ModelNode,
  matrix: { values: Float64Array; inner: number; outer: number },
  bias: Float64Array | undefined,
): void {
  const [source = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const input = quantiser.settled(source);
  const { weights, scale } = quantiseSummed(quantiser, node, matrix.values, matrix.inner);
  const accumulator = quantiser.tensor(input).scale + scale;
  const { inner, outer } = matrix;
  const integers = bias === undefined ? new Float64Array(outer) : quantiseFloats(bias, accumulator);
  const operation = { kind: 'matrix', weights, inner, outer, bias: integers } as const;
  quantiser.define(output, quantiser.emit(operation, [input], accumulator, output));
}

/** [outer, inner], row-major, from a constant of two axes. */
function oriented({ shape, values }: FloatConstant, outerFirst: boolean, factor: number) {
  const [rows = 0, columns = 0] = shape;
  const [outer, inner] = outerFirst ? [rows, columns] : [columns, rows];
  const result = Float64Array.from({ length: rows * columns }, (_, i) => {
    const [o, k] = [Math.floor(i / inner), i % inner];
    return factor * (values[outerFirst ? i : k * columns + o] as number);
  });
  return { values: result, inner, outer };
}

/** `Gemm` with a constant second matrix and bias. */
export const lowerGemm: Lowering = (quantiser, node) => {
  const [, weightName = '', biasName = ''] = node.inputs;
  const kernel = quantiser.fixed(weightName);
  const matrix = oriented(kernel, intAttribute(node, 'transB') === 1, floatAttribute(node, 'alpha') ?? 1);
  if (biasName === '') {
    emitMatrix(quantiser, node, matrix, undefined);
    return;
  }
  const bias = quantiser.fixed(biasName);
  const beta = floatAttribute(node, 'beta') ?? 1;
  const row = Float64Array.from(
    { length: matrix.outer },
    (_, i) => beta * (bias.values[bias.values.length === 1 ? 0 : i] as number),
  );
  emitMatrix(quantiser, node, matrix, row);
};

/** `MatMul` with a constant second matrix of two axes. */
export const lowerMatMul: Lowering = (quantiser, node) => {
  const kernel = quantiser.fixed(node.inputs[1] ?? '');
  emitMatrix(quantiser, node, oriented(kernel, false, 1), undefined);
};
