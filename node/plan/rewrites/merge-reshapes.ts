import { integerConstant } from '../../model/constant.ts';
import type { ModelNode } from '../../model/model.ts';
import { bypass, type Rule } from './replacement.ts';

const reshaping: ReadonlySet<string> = new Set(['Flatten', 'Reshape', 'Squeeze', 'Unsqueeze']);

/** Since this opset `Reshape` takes its shape as an input. */
const reshapeByInput = 5;

/** Of several reshapes in a row only the last one's shape counts, and one to the same shape does nothing. */
export const mergeReshapes: Rule = {
  name: 'one reshape instead of several',
  match(view, node) {
    if (!isReshape(node)) return undefined;
    const [input = '', output = ''] = [node.inputs[0], node.outputs[0]];
    const before = view.writer(input);
    const [shape, from] = [view.type(output)?.shape, view.type(input)?.shape];
    if (shape === undefined || from === undefined) return undefined;
    if (shape.length === from.length && shape.every((size, axis) => size === from[axis]))
      return bypass(view, node);
    // 0 in a shape would stand for the size that the input has there.
    if (view.opset() < reshapeByInput || shape.includes(0)) return undefined;
    if (before === undefined || !isReshape(before) || !view.isReadOnlyBy(input, node)) return undefined;
    const name = view.nameTensor(`${node.name}_shape`);
    return {
      remove: [before, node],
      insert: [
        { ...node, operator: 'Reshape', inputs: [before.inputs[0] ?? '', name], attributes: new Map() },
      ],
      constants: new Map([[name, integerConstant([shape.length], shape.map(BigInt))]]),
    };
  },
};

function isReshape({ operator, domain }: ModelNode): boolean {
  return domain === '' && reshaping.has(operator);
}
