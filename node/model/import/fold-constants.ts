import { throwIfAborted } from '../../abort.ts';
import type { Progress } from '../../progress.ts';
import { intAttribute } from '../attributes.ts';
import { integerConstant } from '../constant.ts';
import type { Draft } from '../draft.ts';
import { elementCount } from '../element.ts';
import type { Constant, ElementType, ModelNode, TensorType } from '../model.ts';
import { encodeModel } from '../onnx/encode.ts';
import { openPlainSession } from '../ort.ts';
import { knownType } from './known-type.ts';

/** A folded result may have this many elements, however small its inputs are. */
const SMALL_ELEMENTS = 64 * 1024;
/** Above it, a result may not be larger than this many times its inputs. */
const MAX_GROWTH = 2;
/** Elements that are folded at all; larger constants stay computed at run time. */
const MAX_ELEMENTS = 64 * 1024 * 1024;

/** Operators that only give the same elements, in the same order, another shape. */
const reshapes: ReadonlySet<string> = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity']);
/** Operators that only place or repeat elements: of a fill they make a fill. */
const placements: ReadonlySet<string> = new Set([
  ...reshapes,
  'Transpose',
  'Expand',
  'Tile',
  'Slice',
  'Gather',
]);
const randoms: ReadonlySet<string> = new Set([
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
]);

export interface FoldOptions {
  signal?: AbortSignal;
  onProgress?: (event: Progress) => void;
}

/**
 * Replaces nodes whose outputs are known before any input by constants, one node at a time, so that memory
 * holds one node's tensors and not the model's. Needs the types that inference gives; results that are huge
 * compared to their inputs stay computed.
 * @returns the draft, and whether anything was folded
 */
export async function foldConstants(
  draft: Draft,
  options: FoldOptions,
): Promise<{ draft: Draft; folded: boolean }> {
  const constants = new Map(draft.constants);
  const outputs = new Set(draft.outputs);
  const nodes: ModelNode[] = [];
  for (const node of draft.nodes) {
    throwIfAborted(options.signal);
    const values = node.outputs.some((name) => outputs.has(name))
      ? undefined
      : await foldNode(node, draft, constants, options);
    if (values === undefined) nodes.push(node);
    else for (const [name, value] of values) constants.set(name, value);
  }
  return { draft: { ...draft, nodes, constants }, folded: nodes.length < draft.nodes.length };
}

type Values = [name: string, constant: Constant][];

async function foldNode(
  node: ModelNode,
  draft: Draft,
  constants: ReadonlyMap<string, Constant>,
  options: FoldOptions,
): Promise<Values | undefined> {
  if (node.domain !== '') return undefined;
  const output = node.outputs[0] ?? '';
  if (node.operator === 'Shape' || node.operator === 'Size') {
    const shape = knownType(draft, node.inputs[0] ?? '')?.shape;
    if (shape !== undefined) return [[output, shapeValue(node, shape)]];
  }
  const inputs = node.inputs.filter((name) => name !== '');
  const values = inputs.flatMap((name) => constants.get(name) ?? []);
  const opaque = [...node.attributes.values()].some(({ type }) => type === 'opaque');
  if (values.length < inputs.length || opaque || randoms.has(node.operator)) return undefined;

  const types = node.outputs.filter((name) => name !== '').map((name) => knownType(draft, name));
  const first = values[0];
  const type = types[0];
  if (type !== undefined && first !== undefined) {
    const sameElements =
      (first.source.kind === 'fill' && placements.has(node.operator)) ||
      (reshapes.has(node.operator) && elementCount(type.shape) === elementCount(first.type.shape));
    if (sameElements && type.element === first.type.element)
      return [[output, { type, source: first.source }]];
  }
  return isSmallEnough(values, types) ? runNode(node, draft, constants, options) : undefined;
}

function shapeValue(node: ModelNode, shape: readonly number[]): Constant {
  if (node.operator === 'Size') return integerConstant([], [BigInt(elementCount(shape))]);
  // Negative and too large bounds count and clamp as in Array.slice.
  const dims = shape.slice(intAttribute(node, 'start') ?? 0, intAttribute(node, 'end')).map(BigInt);
  return integerConstant([dims.length], dims);
}

function isSmallEnough(inputs: readonly Constant[], outputs: readonly (TensorType | undefined)[]): boolean {
  const before = inputs.reduce((sum, { type }) => sum + elementCount(type.shape), 0);
  let after = 0;
  for (const type of outputs) {
    if (type === undefined) return false;
    after += elementCount(type.shape);
  }
  return Math.max(before, after) <= MAX_ELEMENTS && after <= Math.max(SMALL_ELEMENTS, MAX_GROWTH * before);
}

/** Runs one node by itself. A node that ONNX Runtime cannot run stays in the model, with a note. */
async function runNode(
  node: ModelNode,
  draft: Draft,
  constants: ReadonlyMap<string, Constant>,
  options: FoldOptions,
): Promise<Values | undefined> {
  const outputs = node.outputs.filter((name) => name !== '');
  const inputs = new Set(node.inputs.filter((name) => name !== ''));
  try {
    const session = await openPlainSession(
      await encodeModel({
        ...draft,
        inputs: [],
        outputs,
        nodes: [node],
        constants: new Map([...constants].filter(([name]) => inputs.has(name))),
        types: new Map(),
      }),
    );
    try {
      const results = await session.run({});
      return outputs.map((name) => {
        const tensor = results[name];
        if (tensor === undefined) throw new Error(`no value for ${name}`);
        const type = { element: tensor.type as ElementType, shape: tensor.dims };
        const { data } = tensor;
        if (Array.isArray(data)) return [name, { type, source: { kind: 'strings', values: data } }];
        const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
        return [name, { type, source: { kind: 'bytes', bytes } }];
      });
    } finally {
      await session.release();
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    options.onProgress?.({
      type: 'note',
      message: `Node "${node.name}" (${node.operator}) is not folded: ${reason}`,
    });
    return undefined;
  }
}
