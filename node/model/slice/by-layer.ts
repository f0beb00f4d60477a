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
  // A node may join the one of its producers that no other producer follows: no path leads around the pair then.
  const groupOf = new Map<number, number>();
  model.nodes.forEach((_, node) => {
    groupOf.set(node, node);
    if (isLayer(node)) return;
    const producers = [...partition.before(node)].sort((a, b) => b - a);
    const last = producers.find((group) => partition.canMerge(group, node));
    if (last === undefined) return;
    partition.merge(node, last);
    groupOf.set(node, last);
  });
  for (const group of partition.ids.reverse()) {
    if (partition.nodes(group).some(isLayer)) continue;
    const reader = [...partition.after(group)].sort((a, b) => a - b).find((id) => partition.canMerge(group, id));
    if (reader !== undefined) partition.merge(group, reader);
  }
  return partition;
}
