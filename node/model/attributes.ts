/**
 * Reads a node's attributes as JavaScript values. Each gives `undefined` for one that is absent or of another type;
 * import writes most defaults out, so that callers seldom need their own.
 */
import type { ModelNode } from './model.ts';

export function intAttribute(node: ModelNode, name: string): number | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'int' ? Number(attribute.value) : undefined;
}

export function intsAttribute(node: ModelNode, name: string): number[] | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'ints' ? attribute.value.map(Number) : undefined;
}

export function floatAttribute(node: ModelNode, name: string): number | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'float' ? attribute.value : undefined;
}

export function stringAttribute(node: ModelNode, name: string): string | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'string' ? attribute.value : undefined;
}
