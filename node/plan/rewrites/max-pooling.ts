import { intsAttribute } from '../../model/attributes.ts';
import { elementCount } from '../../model/element.ts';
import type { ModelNode } from '../../model/model.ts';
import type { GraphView } from './graph-view.ts';

const maxima: ReadonlySet<string> = new Set(['MaxPool', 'GlobalMaxPool', 'ReduceMax']);

/**
 * Whether a node takes maxima that commute with a rising function, and gives fewer elements than it gets. Padding
 * counts as −∞, which would commute, but provers pad with zeros and rely on the sign of what they pad.
 */
export function shrinksByMaximum(view: GraphView, node: ModelNode): boolean {
  if (node.domain !== '' || !maxima.has(node.operator) || isPadded(node)) return false;
  if (node.outputs.some((name, index) => index > 0 && name !== '')) return false;
  const [input, output] = [view.type(node.inputs[0]), view.type(node.outputs[0])];
  return (
    input !== undefined && output !== undefined && elementCount(output.shape) < elementCount(input.shape)
  );
}

export function isPadded(node: ModelNode): boolean {
  return (intsAttribute(node, 'pads') ?? []).some((pad) => pad !== 0);
}
