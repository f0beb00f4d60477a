import { floatAttribute } from '../../model/attributes.ts';
import type { ModelNode } from '../../model/model.ts';
import type { GraphView } from './graph-view.ts';

type Condition = (view: GraphView, node: ModelNode) => boolean;

/**
 * Functions of one element that never decrease, in floats as in integers: f(max(a, b)) = max(f(a), f(b)) to the bit.
 * Sigmoid and its like are left out: they rise in theory, but runtimes approximate them. So are rounding and sign, which
 * make −0 of more than one value.
 */
const monotone: ReadonlyMap<string, Condition> = new Map<string, Condition>([
  ['Relu', () => true],
  ['Clip', hasFixedBounds],
  ['LeakyRelu', hasSlopeUpwards],
  ['ThresholdedRelu', hasSlopeUpwards],
]);

function hasFixedBounds(view: GraphView, { inputs }: ModelNode): boolean {
  return inputs.slice(1).every((name) => name === '' || view.constant(name) !== undefined);
}

/** A negative `alpha` makes LeakyRelu fall left of zero, and gives ThresholdedRelu a step down. */
function hasSlopeUpwards(_: GraphView, node: ModelNode): boolean {
  return (floatAttribute(node, 'alpha') ?? -1) >= 0;
}

/** Whether a node applies a function that commutes with the maximum. */
export function isMonotone(view: GraphView, node: ModelNode): boolean {
  return node.domain === '' && (monotone.get(node.operator)?.(view, node) ?? false);
}
