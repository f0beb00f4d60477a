import type { Model, ModelNode } from '../model.ts';

/** Functions of one element; further inputs, such as bounds, are constants. */
const unary: ReadonlySet<string> = new Set([
  ...['Abs', 'Ceil', 'Celu', 'Clip', 'Elu', 'Erf', 'Exp', 'Floor', 'Gelu', 'HardSigmoid', 'HardSwish'],
  ...['LeakyRelu', 'Log', 'Mish', 'Neg', 'Reciprocal', 'Relu', 'Round', 'Selu', 'Sigmoid', 'Sign'],
  ...['Softplus', 'Softsign', 'Sqrt', 'Tanh', 'ThresholdedRelu'],
]);
/** Functions of two elements, one of them a constant's here. */
const binary: ReadonlySet<string> = new Set(['Add', 'Div', 'Max', 'Min', 'Mul', 'Pow', 'PRelu', 'Sub']);
const pooling: ReadonlySet<string> = new Set([
  'AveragePool',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'MaxPool',
]);

/** Whether every channel of what a node writes depends on the same channel of `tensor` only, and on constants. */
export function isChannelwise(model: Model, node: ModelNode, tensor: string, axis: number): boolean {
  if (node.domain !== '' || node.outputs.some((name, index) => index > 0 && name !== '')) return false;
  const others = node.inputs.filter((name) => name !== tensor && name !== '');
  if (others.length !== node.inputs.filter((name) => name !== '').length - 1) return false;
  if (!others.every((name) => model.constants.has(name))) return false;
  if (pooling.has(node.operator)) return axis === 1 && node.inputs[0] === tensor;
  const [input, output] = [tensor, node.outputs[0] ?? ''].map((name) => model.types.get(name)?.shape);
  const keepsShape = input !== undefined && String(input) === String(output);
  if (unary.has(node.operator)) return keepsShape && node.inputs[0] === tensor;
  return binary.has(node.operator) && keepsShape;
}
