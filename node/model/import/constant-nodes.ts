import { TesseraError } from '../../../protocol/errors.ts';
import { constantIntegers, decodeElement, floatConstant, integerConstant } from '../constant.ts';
import type { Draft } from '../draft.ts';
import { elementCount, isShape } from '../element.ts';
import type { Constant, ModelNode } from '../model.ts';

/** Turns `Constant` nodes into initialisers. Those that are outputs of the whole stay nodes. */
export function constantNodes(draft: Draft): Draft {
  const constants = new Map(draft.constants);
  const nodes = draft.nodes.filter((node) => {
    const output = node.outputs[0];
    if (node.operator !== 'Constant' || node.domain !== '' || output === undefined) return true;
    if (draft.outputs.includes(output)) return true;
    constants.set(output, constantValue(node));
    return false;
  });
  return { ...draft, nodes, constants };
}

/** Turns `ConstantOfShape` of a constant shape into a fill: one value, however large the tensor is. */
export async function constantFills(draft: Draft): Promise<Draft> {
  const constants = new Map(draft.constants);
  const nodes: ModelNode[] = [];
  for (const node of draft.nodes) {
    const [input = '', output = ''] = [node.inputs[0], node.outputs[0]];
    const shape = constants.get(input);
    const fill =
      node.operator === 'ConstantOfShape' && node.domain === '' && !draft.outputs.includes(output) && shape
        ? await fillOf(node, shape)
        : undefined;
    if (fill === undefined) nodes.push(node);
    else constants.set(output, fill);
  }
  return { ...draft, nodes, constants };
}

async function fillOf(node: ModelNode, shapeConstant: Constant): Promise<Constant | undefined> {
  const shape = (await constantIntegers(shapeConstant)).map(Number);
  if (!isShape(shape)) {
    throw new TesseraError('MODEL_INVALID', {
      message: `Node "${node.name}" (ConstantOfShape) makes a tensor of the impossible shape [${shape}].`,
      remedy: 'Export the model again.',
    });
  }
  const attribute = node.attributes.get('value');
  if (attribute === undefined)
    return { type: { element: 'float32', shape }, source: { kind: 'fill', value: 0 } };
  if (attribute.type !== 'tensor') return undefined;
  const { type, source } = attribute.value;
  if (elementCount(type.shape) !== 1) return undefined;
  const value = source.kind === 'bytes' ? decodeElement(type.element, source.bytes) : undefined;
  return value === undefined
    ? undefined
    : { type: { element: type.element, shape }, source: { kind: 'fill', value } };
}

function constantValue(node: ModelNode): Constant {
  for (const [name, attribute] of node.attributes) {
    switch (attribute.type) {
      case 'tensor':
        return attribute.value;
      case 'float':
        return floatConstant([], Float32Array.of(attribute.value));
      case 'floats':
        return floatConstant([attribute.value.length], Float32Array.from(attribute.value));
      case 'int':
        return integerConstant([], [attribute.value]);
      case 'ints':
        return integerConstant([attribute.value.length], attribute.value);
      case 'string':
        return {
          type: { element: 'string', shape: [] },
          source: { kind: 'strings', values: [attribute.value] },
        };
      case 'strings': {
        const values = attribute.value;
        return { type: { element: 'string', shape: [values.length] }, source: { kind: 'strings', values } };
      }
      case 'opaque':
        throw new TesseraError('MODEL_INVALID', {
          message: `Node "${node.name}" (Constant) has the value "${name}", which is not supported.`,
          remedy: 'Export the model with dense constants.',
        });
    }
  }
  throw new TesseraError('MODEL_INVALID', { message: `Node "${node.name}" (Constant) has no value.` });
}
