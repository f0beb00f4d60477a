import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { EdgeType } from '../../protocol/edge.ts';
import { checkGraph } from '../../protocol/graph.ts';
import { importModel } from '../model/import/index.ts';
import type { Model } from '../model/model.ts';
import { segmentModel, slice } from '../model/slice/index.ts';
import { type TiledSlicing, type Tiling, tileModel } from '../model/tile/index.ts';
import type { CircuitSegment } from './compile.ts';
import { buildGraph } from './graph.ts';

const lenet = (await importModel(fileURLToPath(new URL('../../models/lenet.onnx', import.meta.url)))).model;

type Parts = Pick<TiledSlicing, 'model' | 'blocks' | 'slicing'>;

/** A model with layers in tiles, each a segment; what else there is stays together where it hangs together. */
function tiledSlicing(model: Model, tilings: readonly Tiling[]): Parts {
  const tiled = tileModel(model, tilings);
  const grouped = new Set([...tiled.tiles, ...tiled.joints].flat());
  const singles = tiled.model.nodes.flatMap((_, index) => (grouped.has(index) ? [] : [[index]]));
  const segments = [...tiled.tiles, ...tiled.joints, ...singles];
  return {
    model: tiled.model,
    blocks: tiled.blocks,
    slicing: slice(tiled.model, { kind: 'segments', segments, tiles: [] }, () => 0),
  };
}

/** The segments as compiled to circuits whose ports have the tensors' shapes, at scale 7 or as `scaleOf` says. */
function compiled({ model, slicing }: Parts, scaleOf = (_tensor: string) => 7): CircuitSegment[] {
  const typeOf = (name: string): EdgeType => ({
    shape: model.types.get(name)?.shape ?? [],
    signed: true,
    scale: scaleOf(name),
    interval: { lo: -128n, hi: 127n },
    scheme: { name: 'public' },
  });
  return slicing.segments.map((segment): CircuitSegment => {
    const open = { scheme: 'public', blinded: false } as const;
    return {
      plan: {
        ...segment,
        model: segmentModel(model, segment),
        inputPorts: segment.inputs.map(() => open),
        outputPorts: segment.outputs.map(() => open),
        prover: 'toy',
        params: '{}',
      },
      compiled: {
        key: segment.id,
        constraints: 1,
        provingMemory: 1,
        circuit: {
          prover: 'toy',
          adapter: 'toy/1',
          artifacts: {},
          inputs: segment.inputs.map(typeOf),
          outputs: segment.outputs.map(typeOf),
          output: { kind: 'unique' },
        },
      },
    };
  });
}

describe('buildGraph', () => {
  it('makes one edge of a tensor that tiles write, with a block for each', () => {
    const tiled = tiledSlicing(lenet, [
      { layer: '/0/Conv', channels: 3, bands: 2 },
      { layer: '/3/Conv', channels: 4 },
      { layer: '/11/Gemm', channels: 2 },
    ]);
    const { graph } = buildGraph(compiled(tiled), lenet.inputs, lenet.outputs, tiled.blocks);
    expect(checkGraph(graph)).toEqual([]);
    const edges = new Map(graph.edges.map((edge) => [edge.name, edge]));
    expect([...edges.values()].map(({ name, blocks }) => [name, blocks.length])).toEqual(
      expect.arrayContaining([
        ['image', 1],
        ['/2/MaxPool_output_0', 6],
        ['/5/MaxPool_output_0', 4],
        ['logits', 2],
      ]),
    );
    expect(edges.get('logits')).toMatchObject({
      type: { shape: [1, 10] },
      blocks: [
        { start: [0, 0], size: [1, 5] },
        { start: [0, 5], size: [1, 5] },
      ],
    });
    expect(graph.outputs.map((index) => graph.edges[index]?.name)).toEqual(['logits']);
    const reader = graph.segments.find(({ id }) => id === '3-Conv.tile0');
    expect(reader?.inputs.map(({ block }) => block)).toEqual([0, 1, 2, 3, 4, 5]);
    for (const { blocks, type } of graph.edges) {
      const elements = blocks.reduce((sum, { size }) => sum + size.reduce((a, b) => a * b, 1), 0);
      expect(elements).toBe(type.shape.reduce((a, b) => a * b, 1));
    }
  });

  it('refuses tiles that bind their blocks differently', () => {
    const tiled = tiledSlicing(lenet, [{ layer: '/3/Conv', channels: 2 }]);
    const segments = compiled(tiled, (name) => (name.endsWith('.tile1') ? 8 : 7));
    expect(() => buildGraph(segments, lenet.inputs, lenet.outputs, tiled.blocks)).toThrowError(
      expect.objectContaining({
        code: 'PROVER_FAILED',
        message: expect.stringContaining('scale 7 against 8'),
      }),
    );
  });
});
