import type { Model } from '../model.ts';
import type { Dependencies } from './dependencies.ts';
import { Partition } from './partition.ts';

/** Operators that multiply tensors, by their ONNX names: each is a layer of its own. */
export const layerOperators: ReadonlySet<string> = new Set([
  'Attention',
  'Conv',
  'ConvInteger',
  'ConvTranspose',
  'DeformConv',
  'Einsum',
  'Gemm',
  'GRU',
  'LSTM',
  'MatMul',
  'MatMulInteger',
  'QLinearConv',
  'QLinearMatMul',
  'RNN',
]);

/**
 * One group for each node that multiplies tensors. Every other node joins a group it reads from; one that
 * reads only inputs joins a group that reads from it; what touches no layer at all stays together.
 */
export function partitionByLayer(model: Model, links: Dependencies): Partition {
  const partition = new Partition(
    links,
    model.nodes.map((_, index) => index),
  );
  const isLayer = (node: number) => layerOperators.has(model.nodes[node]?.operator ?? '');
  const isWithoutLayer = (group: number) => !partition.nodes(group).some(isLayer);
  // Among the groups that feed a node, one at least is followed by no other of them: that one can take the node.
  for (let node = 0; node < model.nodes.length; node++) {
    if (isLayer(node)) continue;
    const feeding = [...partition.before(node)].sort((a, b) => b - a);
    const group = feeding.find((id) => partition.canMerge(id, node));
    if (group !== undefined) partition.merge(node, group);
  }
  for (;;) {
    const group = partition.ids.find((id) => isWithoutLayer(id) && partition.after(id).size > 0);
    if (group === undefined) return partition;
    const reading = [...partition.after(group)].sort((a, b) => a - b);
    const reader = reading.find((id) => partition.canMerge(group, id));
    if (reader === undefined) throw new RangeError('the graph of groups has a cycle');
    partition.merge(group, reader);
  }
}
