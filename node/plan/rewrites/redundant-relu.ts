import type { ModelNode } from '../../model/model.ts';
import type { GraphView } from './graph-view.ts';
import { boundsOf, feedsPaddedPooling } from './merge-clips.ts';
import { bypass, type Rule } from './replacement.ts';

/** Steps back from a ReLU that are looked at for something that is never negative. */
const maximumDepth = 8;

/** A ReLU of what is never negative changes nothing. */
export const redundantRelu: Rule = {
  name: 'no ReLU of what is never negative',
  match(view, node) {
    if (node.operator !== 'Relu' || node.domain !== '') return undefined;
    if (!isNonNegative(view, node.inputs[0] ?? '', maximumDepth)) return undefined;
    return feedsPaddedPooling(view, node.outputs[0] ?? '') ? undefined : bypass(view, node);
  },
};

const nonNegative: ReadonlySet<string> = new Set(['Relu', 'Abs', 'Sigmoid', 'Exp', 'Sqrt', 'Softmax']);
/** Operators that keep their inputs' elements, or make means, maxima or sums of them. */
const carrying: ReadonlySet<string> = new Set([
  ...['Add', 'Concat', 'Sum'],
  ...['AveragePool', 'GlobalAveragePool', 'GlobalMaxPool', 'MaxPool'],
  ...['Flatten', 'Identity', 'Reshape', 'Squeeze', 'Transpose', 'Unsqueeze'],
]);
/** Those whose further inputs are no elements of the result. */
const firstInputOnly: ReadonlySet<string> = new Set(['Reshape', 'Squeeze', 'Unsqueeze']);

function isNonNegative(view: GraphView, tensor: string, depth: number): boolean {
  const node = view.writer(tensor);
  if (node === undefined || node.domain !== '' || depth === 0) return false;
  if (nonNegative.has(node.operator)) return true;
  if (node.operator === 'Clip') return (boundsOf(view, node)?.lo ?? -1) >= 0;
  return (
    carrying.has(node.operator) && elementsOf(node).every((name) => isNonNegative(view, name, depth - 1))
  );
}

function elementsOf(node: ModelNode): readonly string[] {
  return firstInputOnly.has(node.operator) ? node.inputs.slice(0, 1) : node.inputs;
}
