import type { Box } from '../../../protocol/edge.ts';
import { intAttribute } from '../attributes.ts';
import type { Attribute, Model, ModelNode, TensorType } from '../model.ts';
import { readsOf } from '../slice/dependencies.ts';
import { type Blocks, blocksByTensor, type NamedBox } from './blocks.ts';
import { DraftNodes } from './draft-nodes.ts';
import { type Layer, rowAxis } from './layer.ts';
import { layOut, type Tile } from './layout.ts';
import { sliceConstant } from './slice-constant.ts';
import type { Stretch, Tiling } from './tiling.ts';
import { type NeededRows, neededRows, withRowPadding } from './window.ts';

/** A model whose layers are divided into tiles. It computes the same, but for outputs that are divided too. */
export interface TiledModel {
  model: Model;
  /** What the tiles write, by the names of their tensors. */
  blocks: Blocks;
  /** The nodes of each tile, as indices into the model's: what it reads, multiplies, and does channel by channel. */
  tiles: readonly (readonly number[])[];
  /** For every new tensor, the one of the model before whose elements it holds some of. */
  origins: ReadonlyMap<string, string>;
  /** Nodes that join blocks, each list with the node they do it for as its last. */
  joints: readonly (readonly number[])[];
}

/**
 * Divides layers into tiles. Each tile writes a tensor of its own, its block of the layer's output, in whose place
 * nodes and outputs then name the blocks; who reads it joins them for itself.
 *
 * @throws TesseraError `USAGE` for a layer that cannot be divided, or not into so many parts; `STORAGE_FAILED`
 */
export function tileModel(model: Model, tilings: readonly Tiling[]): TiledModel {
  const tiler = new Tiler(model, tilings);
  for (const node of model.nodes) tiler.add(node);
  return tiler.result();
}

interface Division {
  layer: Layer;
  tiles: readonly Tile[];
}

class Tiler {
  readonly #model: Model;
  readonly #draft: DraftNodes;
  /** By the name of the multiplying node. */
  readonly #divisions: ReadonlyMap<string, Division>;
  /** Nodes that tiles stand for. */
  readonly #replaced: ReadonlySet<ModelNode>;
  readonly #blocks = new Map<string, { tensor: string; box: Box }>();
  readonly #parts = new Map<string, NamedBox[]>();
  readonly #axes = new Map<string, readonly number[]>();
  readonly #tiles: number[][] = [];
  readonly #joints: number[][] = [];

  constructor(model: Model, tilings: readonly Tiling[]) {
    this.#model = model;
    this.#draft = new DraftNodes(model);
    this.#divisions = new Map(tilings.map((tiling) => [tiling.layer, layOut(model, tiling)]));
    this.#replaced = new Set(
      [...this.#divisions.values()].flatMap(({ layer }) => [...layer.before, ...layer.nodes]),
    );
  }

  add(node: ModelNode): void {
    const division = this.#divisions.get(node.name);
    if (division !== undefined) this.#addTiles(division);
    else if (!this.#replaced.has(node)) this.#addReader(node);
  }

  result(): TiledModel {
    const { nodes, constants, types } = this.#draft;
    const used = new Set([...nodes.flatMap(readsOf), ...this.#model.outputs]);
    const named = new Set([...this.#model.inputs, ...nodes.flatMap(({ outputs }) => outputs)]);
    const divided = blocksByTensor(this.#blocks);
    return {
      model: {
        ...this.#model,
        outputs: this.#model.outputs.flatMap((name) => divided.get(name)?.map((part) => part.name) ?? [name]),
        nodes,
        constants: new Map([...constants].filter(([name]) => used.has(name))),
        types: new Map([...types].filter(([name]) => named.has(name))),
      },
      blocks: this.#blocks,
      tiles: this.#tiles,
      origins: this.#draft.origins,
      joints: this.#joints,
    };
  }

  /** Adds a node as it is, after what joins the divided tensors that it reads. */
  #addReader(node: ModelNode): void {
    const start = this.#draft.nodes.length;
    const inputs = node.inputs.map((name) => {
      const type = this.#model.types.get(name);
      return this.#parts.has(name) && type
        ? this.#read(name, { box: wholeBox(type.shape) }, type, node.name)
        : name;
    });
    const index = this.#draft.keep({ ...node, inputs });
    if (index > start) this.#joints.push(stretch(start, index + 1));
  }

  #addTiles({ layer, tiles }: Division): void {
    const parts: NamedBox[] = [];
    const needs = tiles.map(({ rows }) => this.#rowsBackwards(layer, rows));
    for (const [index, tile] of tiles.entries()) {
      const start = this.#draft.nodes.length;
      const needed = needs[index] ?? [];
      const below =
        (tiles[index + 1]?.rows?.start ?? 0) > (tile.rows?.start ?? 0) ? needs[index + 1] : undefined;
      const name = this.#addTile(layer, tile, index, needed, reachOf(needed, below));
      this.#tiles.push(stretch(start, this.#draft.nodes.length));
      this.#blocks.set(name, { tensor: layer.output, box: tile.box });
      parts.push({ name, box: tile.box });
    }
    this.#parts.set(layer.output, parts);
    this.#axes.set(layer.output, tiles[0]?.rows === undefined ? [layer.axis] : [layer.axis, rowAxis]);
  }

  /**
   * Adds one tile.
   *
   * @param needed rows of each node's input; none where it has all
   * @param reach rows of the layer's input that it takes in, if only to leave them out again
   * @returns the tensor that it writes
   */
  #addTile(
    layer: Layer,
    tile: Tile,
    index: number,
    needed: readonly NeededRows[],
    reach: Stretch | undefined,
  ): string {
    const { axis } = layer;
    const suffix = `tile${index}`;
    const [head] = layer.nodes;
    const weights = this.#model.constants.get(head.inputs[1] ?? '')?.type.shape;
    const group = groupOf(layer, tile.channels, weights?.[1] ?? 1);
    const [first] = needed;
    const base = `${head.name}.${suffix}`;
    const input = (layer.before[0] ?? head).inputs[0] ?? '';
    let data = this.#readInput(input, group.inputs, { rows: first?.rows, reach }, base);
    for (const node of layer.before) data = this.#copy(node, data, suffix);
    let source = head.inputs[0] ?? '';
    for (const [step, node] of layer.nodes.entries()) {
      const [output = ''] = node.outputs;
      const type = this.#model.types.get(output) as TensorType;
      const isHead = step === 0;
      const rows = step === layer.nodes.length - 1 ? tile.rows : needed[step + 1]?.rows;
      const part = partOf(type, axis, tile.channels, rows);
      const inputs = node.inputs.map((name, place) => {
        if (name === source && (!isHead || place === 0)) return data;
        const along = isHead ? weightAxis(node, place, this.#rankOf(name), axis) : undefined;
        return this.#cutConstant(name, type.shape, { axis, channels: tile.channels, rows }, suffix, along);
      });
      const padded = needed[step];
      const attributes = new Map(padded === undefined ? node.attributes : withRowPadding(node, padded));
      if (isHead && node.operator === 'Conv')
        attributes.set('group', { type: 'int', value: BigInt(group.count) });
      data = this.#draft.add(
        {
          ...node,
          name: `${node.name}.${suffix}`,
          inputs,
          attributes: attributes as ReadonlyMap<string, Attribute>,
        },
        this.#draft.nameTensor(`${output}.${suffix}`),
        part,
        output,
      );
      source = output;
    }
    return data;
  }

  /** Adds a node again, for one tile; gives the tensor that it writes. */
  #copy(node: ModelNode, input: string, suffix: string): string {
    const [output = ''] = node.outputs;
    return this.#draft.add(
      { ...node, name: `${node.name}.${suffix}`, inputs: [input, ...node.inputs.slice(1)] },
      this.#draft.nameTensor(`${output}.${suffix}`),
      this.#model.types.get(output) as TensorType,
      output,
    );
  }

  /** What each node of a layer needs of the rows of its input, so that the last writes these; empty for all rows. */
  #rowsBackwards(layer: Layer, rows: Stretch | undefined): NeededRows[] {
    if (rows === undefined) return [];
    const needed: NeededRows[] = [];
    let wanted = rows;
    for (const [step, node] of [...layer.nodes.entries()].reverse()) {
      const source = step === 0 ? node.inputs[0] : layer.nodes[step - 1]?.outputs[0];
      const found = neededRows(node, wanted, this.#model.types.get(source ?? '')?.shape[rowAxis] ?? 0);
      needed.unshift(found);
      wanted = found.rows;
    }
    return needed;
  }

  /** The part of a layer's input that a tile needs. */
  #readInput(
    input: string,
    channels: Stretch | undefined,
    { rows, reach }: { rows: Stretch | undefined; reach: Stretch | undefined },
    base: string,
  ): string {
    const type = this.#model.types.get(input);
    if (type === undefined) return input;
    const boxWith = (stretch: Stretch | undefined) => inputBox(type.shape, channels, stretch);
    return this.#read(input, { box: boxWith(rows), reach: boxWith(reach) }, type, base);
  }

  #read(tensor: string, where: { box: Box; reach?: Box }, type: TensorType, base: string): string {
    const parts = this.#parts.get(tensor) ?? [{ name: tensor, box: wholeBox(type.shape) }];
    return this.#draft.read(tensor, parts, where, this.#axes.get(tensor) ?? [], type.element, base);
  }

  /** The part of a constant operand that belongs to a tile; the constant itself where it is the same for all tiles. */
  #cutConstant(
    name: string,
    shape: readonly number[],
    { axis, channels, rows }: { axis: number; channels: Stretch; rows: Stretch | undefined },
    suffix: string,
    weight: number | undefined,
  ): string {
    const whole = this.#model.constants.get(name);
    if (whole === undefined) return name;
    let constant = whole;
    // Operands are aligned at their last axes, and repeated along those where they have one element.
    const offset = shape.length - whole.type.shape.length;
    const cuts: [number, Stretch | undefined][] =
      weight === undefined
        ? [
            [axis - offset, channels],
            [rowAxis - offset, rows],
          ]
        : [[weight, channels]];
    for (const [along, part] of cuts) {
      const size = constant.type.shape[along] ?? 1;
      if (part !== undefined && size > 1 && size !== part.size)
        constant = sliceConstant(constant, along, part);
    }
    if (constant === whole) return name;
    const cut = this.#draft.nameTensor(`${name}.${suffix}`);
    this.#draft.constants.set(cut, constant);
    return cut;
  }

  #rankOf(constant: string): number {
    return this.#model.constants.get(constant)?.type.shape.length ?? 0;
  }
}

/** Where the output channels are in an operand of a multiplication; `undefined` for one that is broadcast. */
function weightAxis(node: ModelNode, place: number, rank: number, axis: number): number | undefined {
  if (node.operator === 'Conv') return 0;
  if (place !== 1) return undefined;
  if (node.operator === 'Gemm') return intAttribute(node, 'transB') === 1 ? 0 : axis;
  return rank - 1;
}

/** The groups of a convolution that a tile has, and the input channels that they read; all of them without groups. */
function groupOf(
  { type, axis, group }: Layer,
  channels: Stretch,
  inputsOfGroup: number,
): { count: number; inputs?: Stretch } {
  if (group === 1) return { count: 1 };
  const each = (type.shape[axis] ?? 1) / group;
  const first = Math.floor(channels.start / each);
  const count = Math.ceil((channels.start + channels.size) / each) - first;
  return { count, inputs: { start: first * inputsOfGroup, size: count * inputsOfGroup } };
}

/**
 * The rows that a tile takes in: up to where the next one begins, so that every row is taken in by some tile, even one
 * that no window looks at. Without a reader a block would have no place in the graph.
 */
function reachOf(
  needed: readonly NeededRows[],
  below: readonly NeededRows[] | undefined,
): Stretch | undefined {
  const rows = needed[0]?.rows;
  if (rows === undefined) return undefined;
  const end = below?.[0]?.rows.start ?? Number.MAX_SAFE_INTEGER;
  return { start: rows.start, size: Math.max(rows.size, end - rows.start) };
}

function inputBox(shape: readonly number[], channels: Stretch | undefined, rows: Stretch | undefined): Box {
  const on = (axis: number) => (axis === 1 ? channels : axis === rowAxis ? rows : undefined);
  return {
    start: shape.map((_, axis) => on(axis)?.start ?? 0),
    size: shape.map((size, axis) => on(axis)?.size ?? size),
  };
}

function partOf(type: TensorType, axis: number, channels: Stretch, rows: Stretch | undefined): TensorType {
  const shape = type.shape.map((size, index) => {
    if (index === axis) return channels.size;
    return index === rowAxis && rows !== undefined ? rows.size : size;
  });
  return { ...type, shape };
}

function wholeBox(shape: readonly number[]): Box {
  return { start: shape.map(() => 0), size: shape };
}

function stretch(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index);
}
