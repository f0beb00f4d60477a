import type { Box } from '../../../protocol/edge.ts';
import { int, ints } from '../attribute-values.ts';
import { integerConstant } from '../constant.ts';
import { tensorNamer } from '../import/reads.ts';
import type { Constant, Model, ModelNode, TensorType } from '../model.ts';
import type { NamedBox } from './blocks.ts';

/** Since this opset `Slice` takes its bounds as inputs. */
const sliceByInputs = 10;

/** The nodes of a model while it is being tiled, with fresh names for what is new. */
export class DraftNodes {
  readonly nodes: ModelNode[] = [];
  readonly constants: Map<string, Constant>;
  readonly types: Map<string, TensorType>;
  readonly nameTensor: (base: string) => string;
  /** The tensor of the model before whose elements each new tensor holds some of. */
  readonly origins = new Map<string, string>();
  readonly #opset: number;
  readonly #names: Set<string>;

  constructor(model: Model) {
    this.constants = new Map(model.constants);
    this.types = new Map(model.types);
    this.nameTensor = tensorNamer(model);
    this.#opset = model.opsets.get('') ?? 1;
    this.#names = new Set(model.nodes.map(({ name }) => name));
  }

  /** Adds a node that was there before; gives its index. */
  keep(node: ModelNode): number {
    return this.nodes.push(node) - 1;
  }

  /** Adds a node of one output of this type, with elements of `origin`; gives the output's name. */
  add(node: Omit<ModelNode, 'outputs'>, output: string, type: TensorType, origin: string): string {
    let name = node.name;
    for (let copy = 2; this.#names.has(name); copy++) name = `${node.name}_${copy}`;
    this.#names.add(name);
    this.nodes.push({ ...node, name, outputs: [output] });
    this.types.set(output, type);
    this.origins.set(output, origin);
    return output;
  }

  /**
   * The tensor that holds what lies in a box of a tensor, made of as many of its blocks as the box touches.
   *
   * @param tensor its name in the model before
   * @param blocks of the tensor, in rows and columns along `axes`; one that is the whole tensor if it is not divided
   * @param reach a box around it; all blocks that this one touches are taken in
   * @param base of the names of what is new
   */
  read(
    tensor: string,
    blocks: readonly NamedBox[],
    { box, reach = box }: { box: Box; reach?: Box },
    axes: readonly number[],
    element: TensorType['element'],
    base: string,
  ): string {
    let parts = blocks.filter((block) => overlap(block.box, reach));
    for (const axis of axes.toReversed())
      parts = this.#joinAlong(axis, parts, { element, base, origin: tensor });
    const [joined] = parts;
    if (joined === undefined || parts.length > 1)
      throw new RangeError('the blocks of a tensor do not partition it');
    return this.#slice(joined, box, { element, base, origin: tensor });
  }

  /** Joins blocks that lie one after another along an axis, and alike along all others. */
  #joinAlong(axis: number, parts: readonly NamedBox[], { element, base, origin }: Naming): NamedBox[] {
    const rows = new Map<string, NamedBox[]>();
    for (const part of parts) {
      const others = String(part.box.start.map((start, index) => (index === axis ? '' : start)));
      rows.set(others, [...(rows.get(others) ?? []), part]);
    }
    return [...rows.values()].map((row) => {
      const [first] = row;
      if (first === undefined || row.length === 1) return row[0] as NamedBox;
      const length = row.reduce((sum, { box }) => sum + (box.size[axis] ?? 0), 0);
      const size = first.box.size.map((own, index) => (index === axis ? length : own));
      const name = this.add(
        {
          ...plain('Concat', `${base}.join`),
          inputs: row.map(({ name }) => name),
          attributes: new Map([['axis', int(axis)]]),
        },
        this.nameTensor(`${base}.joined`),
        { element, shape: size },
        origin,
      );
      return { name, box: { start: first.box.start, size } };
    });
  }

  #slice(part: NamedBox, box: Box, { element, base, origin }: Naming): string {
    const axes = box.size.flatMap((size, axis) => (size === part.box.size[axis] ? [] : [axis]));
    if (axes.length === 0) return part.name;
    const starts = axes.map((axis) => (box.start[axis] ?? 0) - (part.box.start[axis] ?? 0));
    const ends = axes.map((axis, index) => (starts[index] ?? 0) + (box.size[axis] ?? 0));
    const bounds = Object.entries({ starts, ends, axes });
    const name = `${base}.cut`;
    const output = this.nameTensor(`${base}.part`);
    const type = { element, shape: box.size };
    if (this.#opset < sliceByInputs) {
      const attributes = new Map(bounds.map(([key, values]) => [key, ints(...values)]));
      return this.add({ ...plain('Slice', name), inputs: [part.name], attributes }, output, type, origin);
    }
    const inputs = bounds.map(([key, values]) => {
      const constant = this.nameTensor(`${name}.${key}`);
      this.constants.set(constant, integerConstant([values.length], values.map(BigInt)));
      return constant;
    });
    return this.add(
      { ...plain('Slice', name), inputs: [part.name, ...inputs], attributes: new Map() },
      output,
      type,
      origin,
    );
  }
}

/** What is new when part of a tensor is read. */
interface Naming {
  element: TensorType['element'];
  /** Of new names. */
  base: string;
  /** The tensor that is read. */
  origin: string;
}

const plain = (operator: string, name: string) => ({ operator, name, domain: '' });

function overlap(a: Box, b: Box): boolean {
  return a.start.every((start, axis) => {
    const other = b.start[axis] ?? 0;
    return start < other + (b.size[axis] ?? 0) && other < start + (a.size[axis] ?? 0);
  });
}
