import type { Model, ModelNode } from '../../model/model.ts';
import type { Unsupported } from '../prover.ts';
export function unsupportedByEzkl(_model: Model, _node: ModelNode): Unsupported | undefined {
  return undefined;
}
export function toleranceOperators(model: Model): string[] {
  const t = new Set([
    'Conv',
    'Gemm',
    'MatMul',
    'Mul',
    'Div',
    'Sqrt',
    'Softmax',
    'Reciprocal',
    'AveragePool',
    'GlobalAveragePool',
    'ReduceMean',
    'Pow',
    'Einsum',
    'ConvTranspose',
  ]);
  return [...new Set(model.nodes.map((n) => n.operator))].filter((o) => t.has(o)).sort();
}
