import { TesseraError } from '../../../protocol/errors.ts';
import type { Draft, DraftType } from '../draft.ts';
import type { Attribute, Constant, ModelNode } from '../model.ts';
import { elementTypeOf } from './element-types.ts';
import { inlineFunctions } from './inline-functions.ts';
import { toBigInt, toNumber } from './int64.ts';
import {
  type AttributeMessage,
  attributeKind,
  attributeType,
  type DimensionMessage,
  type GraphMessage,
  type ModelMessage,
  modelType,
  type NodeMessage,
  type ValueInfoMessage,
} from './schema.ts';
import { embedTensors, type TensorFiles, tensorConstant } from './tensor.ts';

/** What this program writes needs nothing newer, and initialisers need not be inputs since version 4. */
const IR_VERSIONS = { least: 4, most: 10 };

const text = new TextDecoder();

/**
 * Decodes a skeleton.
 * @throws TesseraError MODEL_UNREADABLE for bytes that do not decode, MODEL_INVALID for contents that ONNX forbids
 *   or this program does not carry.
 */
export function decodeModel(skeleton: Uint8Array, files: TensorFiles): Draft {
  const message = parse<ModelMessage>(modelType, skeleton, files.model);
  const graph = message.graph;
  if (graph === undefined || graph === null) {
    throw new TesseraError('MODEL_UNREADABLE', {
      message: `${files.model} holds no ONNX graph.`,
      remedy: 'Check that the file is an ONNX model, and export or download it again.',
    });
  }
  const constants = new Map<string, Constant>();
  for (const tensor of graph.initializer) {
    if (constants.has(tensor.name)) throw duplicate(files.model, 'initialiser', tensor.name);
    constants.set(tensor.name, tensorConstant(tensor, files));
  }
  if (graph.sparseInitializer.length > 0) {
    throw new TesseraError('MODEL_INVALID', {
      message: `${files.model} has sparse initialisers, which are not supported.`,
      remedy: 'Export the model with dense weights.',
    });
  }
  const types = new Map<string, DraftType>();
  for (const info of [...graph.valueInfo, ...graph.output, ...graph.input]) {
    const type = valueType(info);
    if (type !== undefined) types.set(info.name, type);
  }
  const inputs = graph.input.map((info) => info.name).filter((name) => !constants.has(name));
  for (const name of inputs) {
    if (!types.has(name)) {
      throw new TesseraError('MODEL_INVALID', {
        message: `The input "${name}" of ${files.model} is not a tensor of a known element type.`,
        remedy: 'Export the model with plain tensor inputs.',
      });
    }
  }
  const { least, most } = IR_VERSIONS;
  return {
    name: graph.name,
    irVersion: Math.min(most, Math.max(least, toNumber(message.irVersion))),
    opsets: new Map(message.opsetImport.map((opset) => [domainName(opset.domain), toNumber(opset.version)])),
    inputs,
    outputs: graph.output.map((info) => info.name),
    nodes: inlineFunctions(message, graph).map((node) => decodeNode(node, files)),
    constants,
    types,
  };
}

/** A node with its attributes; sub-graphs stay encoded, with their external weights put in. */
export function decodeNode(node: NodeMessage, files: TensorFiles): ModelNode {
  const attributes = new Map<string, Attribute>();
  for (const attribute of node.attribute) {
    if (attributes.has(attribute.name)) throw duplicate(files.model, 'attribute', attribute.name);
    attributes.set(attribute.name, decodeAttribute(attribute, node, files));
  }
  return {
    name: node.name,
    operator: node.opType,
    domain: domainName(node.domain),
    inputs: node.input,
    outputs: node.output,
    attributes,
  };
}

/** The graph inside an opaque attribute, or `undefined` when it holds something else. */
export function decodeSubgraph(attribute: Attribute | undefined): GraphMessage | undefined {
  if (attribute?.type !== 'opaque') return undefined;
  return parse<AttributeMessage>(attributeType, attribute.value, 'a sub-graph').g ?? undefined;
}

function decodeAttribute(attribute: AttributeMessage, node: NodeMessage, files: TensorFiles): Attribute {
  switch (attribute.type) {
    case attributeKind.float:
      return { type: 'float', value: attribute.f };
    case attributeKind.int:
      return { type: 'int', value: toBigInt(attribute.i) };
    case attributeKind.string:
      // The default of an absent bytes field is an empty array.
      return { type: 'string', value: text.decode(Uint8Array.from(attribute.s)) };
    case attributeKind.floats:
      return { type: 'floats', value: attribute.floats };
    case attributeKind.ints:
      return { type: 'ints', value: attribute.ints.map(toBigInt) };
    case attributeKind.strings:
      return { type: 'strings', value: attribute.strings.map((value) => text.decode(value)) };
    case attributeKind.tensor:
      if (attribute.t === undefined || attribute.t === null) break;
      return { type: 'tensor', value: tensorConstant(attribute.t, files) };
    default:
      return opaqueAttribute(attribute, files);
  }
  throw new TesseraError('MODEL_INVALID', {
    message: `Attribute "${attribute.name}" of node "${node.name}" (${node.opType}) in ${files.model} has no value.`,
  });
}

/** A sub-graph or another rare kind as bytes, with the outer tensors that it reads. */
function opaqueAttribute(attribute: AttributeMessage, files: TensorFiles): Attribute {
  const graphs = [...(attribute.g ? [attribute.g] : []), ...attribute.graphs];
  for (const graph of graphs) embedTensors(graph, files);
  const captures = new Set<string>();
  for (const graph of graphs) for (const name of capturedBy(graph)) captures.add(name);
  const value = attributeType.encode(attributeType.fromObject(attribute)).finish();
  return { type: 'opaque', value, captures: [...captures] };
}

/** Names that a sub-graph reads and does not define. */
function capturedBy(graph: GraphMessage): Set<string> {
  const defined = new Set([
    ...graph.input.map((info) => info.name),
    ...graph.initializer.map((tensor) => tensor.name),
    ...graph.node.flatMap((node) => node.output),
  ]);
  const used = new Set(graph.output.map((info) => info.name));
  for (const node of graph.node) {
    for (const name of node.input) used.add(name);
    for (const attribute of node.attribute) {
      for (const inner of [...(attribute.g ? [attribute.g] : []), ...attribute.graphs]) {
        for (const name of capturedBy(inner)) used.add(name);
      }
    }
  }
  used.delete('');
  return new Set([...used].filter((name) => !defined.has(name)));
}

function valueType(info: ValueInfoMessage): DraftType | undefined {
  const tensor = info.type?.tensorType;
  if (!tensor) return undefined;
  const element = elementTypeOf(tensor.elemType);
  if (element === undefined) return undefined;
  return { element, shape: tensor.shape?.dim.map(dimension) };
}

function dimension(dim: DimensionMessage): number | string | undefined {
  if (Object.hasOwn(dim, 'dimParam') && dim.dimParam !== '') return dim.dimParam;
  return Object.hasOwn(dim, 'dimValue') ? toNumber(dim.dimValue) : undefined;
}

/** ONNX gives its own domain two names. */
function domainName(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

function parse<T>(type: { decode(bytes: Uint8Array): unknown }, bytes: Uint8Array, name: string): T {
  try {
    return type.decode(bytes) as T;
  } catch (cause) {
    throw new TesseraError('MODEL_UNREADABLE', {
      message: `${name} is not a readable ONNX file: ${cause instanceof Error ? cause.message : String(cause)}.`,
      remedy: 'Export or download the model again.',
      cause,
    });
  }
}

function duplicate(model: string, what: string, name: string): TesseraError {
  return new TesseraError('MODEL_INVALID', {
    message: `${model} names the ${what} "${name}" twice.`,
    remedy: 'Every name must be unique; export the model again.',
    details: { name },
  });
}
