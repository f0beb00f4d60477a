import { floatAttribute, intsAttribute, stringAttribute } from '../../model/attributes.ts';
import { constantValues } from '../../model/constant-values.ts';
import type { ModelNode } from '../../model/model.ts';
import type { GraphView } from './graph-view.ts';
import type { Rule } from './replacement.ts';

/** A convolution pads with zeros by itself. */
export const padIntoConvolution: Rule = {
  name: 'padding by the convolution itself',
  match(view, node) {
    const [padded = ''] = node.inputs;
    const pad = view.writer(padded);
    if (node.operator !== 'Conv' || node.domain !== '' || pad === undefined) return undefined;
    const [zeros, own] = [zeroPadding(view, pad), intsAttribute(node, 'pads')];
    if (zeros === undefined || own === undefined || !view.isReadOnlyBy(padded, node)) return undefined;
    if ((stringAttribute(node, 'auto_pad') ?? 'NOTSET') !== 'NOTSET') return undefined;
    const rank = own.length / 2;
    const isSpatial =
      zeros.before.length === rank + 2 && [0, 1].every((axis) => !zeros.before[axis] && !zeros.after[axis]);
    if (!isSpatial) return undefined;
    const added = [...zeros.before.slice(2), ...zeros.after.slice(2)];
    const value = own.map((size, index) => BigInt(size + (added[index] ?? 0)));
    return {
      remove: [pad, node],
      insert: [
        {
          ...node,
          inputs: [pad.inputs[0] ?? '', ...node.inputs.slice(1)],
          attributes: new Map([...node.attributes, ['pads', { type: 'ints', value }]]),
        },
      ],
    };
  },
};

/** The zeros that a node adds before and after each axis; `undefined` if it does anything else. */
function zeroPadding(view: GraphView, node: ModelNode): { before: number[]; after: number[] } | undefined {
  if (node.operator !== 'Pad' || node.domain !== '') return undefined;
  if ((stringAttribute(node, 'mode') ?? 'constant') !== 'constant') return undefined;
  const rank = view.type(node.inputs[0])?.shape.length;
  const pads = view.opset() < 11 ? intsAttribute(node, 'pads') : integers(view, node.inputs[1]);
  if (rank === undefined || pads === undefined || padValue(view, node) !== 0) return undefined;
  const named = node.inputs[3] ?? '';
  const axes = named === '' ? pads.slice(0, rank).map((_, axis) => axis) : integers(view, named);
  if (axes === undefined || pads.length !== 2 * axes.length || pads.some((size) => size < 0))
    return undefined;
  const [before, after] = [new Array<number>(rank).fill(0), new Array<number>(rank).fill(0)];
  axes.forEach((axis, index) => {
    before[(axis + rank) % rank] = pads[index] ?? 0;
    after[(axis + rank) % rank] = pads[axes.length + index] ?? 0;
  });
  return { before, after };
}

function integers(view: GraphView, name: string | undefined): number[] | undefined {
  const constant = view.constant(name);
  return constant && constantValues(constant);
}

function padValue(view: GraphView, node: ModelNode): number | undefined {
  if (view.opset() < 11) return floatAttribute(node, 'value') ?? 0;
  const name = node.inputs[2] ?? '';
  if (name === '') return 0;
  const constant = view.constant(name);
  return constant && constantValues(constant)?.[0];
}
