import { intAttribute } from '../attributes.ts';
import type { Model, ModelNode, TensorType } from '../model.ts';
import { type Dependencies, dependencies } from '../slice/dependencies.ts';
import { isChannelwise } from './channelwise.ts';
import { isBandable } from './window.ts';

/** A layer that can be divided: a node that multiplies, and what follows it channel by channel. */
export interface Layer {
  /** Rearrangements of its input that nothing else reads, in order: they cost nothing, and each tile does them itself. */
  before: readonly ModelNode[];
  /** The multiplying node first, each the only reader of the one before. */
  nodes: readonly [ModelNode, ...ModelNode[]];
  /** The tensor that the last of them writes. */
  output: string;
  type: TensorType;
  /** The axis of channels or columns, in every tensor from the multiplication on. */
  axis: number;
  /** Channels that share their inputs; as many as there are, but for a convolution in groups. */
  group: number;
}

/** The axis of an image's rows, in every tensor of a convolution. */
export const rowAxis = 2;

/**
 * The layer of a node; `undefined` if it cannot be divided.
 *
 * @param inBands whether its rows are to be divided too: then what needs whole columns of the image stays outside
 */
export function layerOf(model: Model, name: string, inBands: boolean): Layer | undefined {
  const links = dependencies(model);
  const at = model.nodes.findIndex((node) => node.name === name);
  const head = model.nodes[at];
  const channels = head && channelsOf(model, head);
  if (head === undefined || channels === undefined) return undefined;
  if (inBands && (head.operator !== 'Conv' || !isBandable(head))) return undefined;
  const nodes: [ModelNode, ...ModelNode[]] = [head];
  const results = new Set(model.outputs);
  for (let last = head; ; ) {
    const [output = ''] = last.outputs;
    const readers = links.readers.get(output) ?? [];
    const next = readers.length === 1 ? model.nodes[readers[0] ?? -1] : undefined;
    if (next === undefined || results.has(output) || !isChannelwise(model, next, output, channels.axis))
      break;
    if (inBands && !isBandable(next)) break;
    nodes.push(next);
    last = next;
  }
  const [output = ''] = nodes.at(-1)?.outputs ?? [];
  const type = model.types.get(output);
  if (type === undefined || isCaptured(model, output)) return undefined;
  const before = inBands || channels.group > 1 ? [] : rearrangementsBefore(model, links, head);
  return { before, nodes, output, type, ...channels };
}

const rearranging: ReadonlySet<string> = new Set(['Flatten', 'Reshape', 'Squeeze', 'Transpose', 'Unsqueeze']);

function rearrangementsBefore(model: Model, links: Dependencies, head: ModelNode): ModelNode[] {
  const before: ModelNode[] = [];
  for (let reader = head; ; ) {
    const [tensor = ''] = reader.inputs;
    const node = model.nodes[links.writer.get(tensor) ?? -1];
    if (node === undefined || node.domain !== '' || !rearranging.has(node.operator)) return before;
    const isOwn = links.readers.get(tensor)?.length === 1 && !model.outputs.includes(tensor);
    if (!isOwn || !node.inputs.slice(1).every((name) => model.constants.has(name))) return before;
    before.unshift(node);
    reader = node;
  }
}

/** Where a node's output channels are, if its weights are constants that can be divided. */
function channelsOf(model: Model, node: ModelNode): Pick<Layer, 'axis' | 'group'> | undefined {
  const [, weight = '', bias = ''] = node.inputs;
  const constant = model.constants.get(weight);
  const type = model.types.get(node.outputs[0] ?? '');
  if (node.domain !== '' || constant === undefined || type === undefined) return undefined;
  if (bias !== '' && !model.constants.has(bias)) return undefined;
  const rank = type.shape.length;
  switch (node.operator) {
    case 'Conv':
      return { axis: 1, group: intAttribute(node, 'group') ?? 1 };
    case 'Gemm':
      return { axis: 1, group: 1 };
    case 'MatMul':
      return constant.type.shape.length < 2 ? undefined : { axis: rank - 1, group: 1 };
    default:
      return undefined;
  }
}

function isCaptured(model: Model, tensor: string): boolean {
  return model.nodes.some((node) =>
    [...node.attributes.values()].some(
      (attribute) => attribute.type === 'opaque' && attribute.captures.includes(tensor),
    ),
  );
}
