import type { InferenceSession } from 'onnxruntime-node';
import { TesseraError } from '../../../protocol/errors.ts';
import { throwIfAborted } from '../../abort.ts';
import type { Draft, DraftType } from '../draft.ts';
import { elementCount, isShape } from '../element.ts';
import type { ElementType, ModelNode } from '../model.ts';
import { encodeModel } from '../onnx/encode.ts';
import { openPlainSession } from '../ort.ts';
import { tensorNamer } from './reads.ts';

/** Constants up to this many elements are given by value, since shapes may depend on them. */
const MAX_INLINE_ELEMENTS = 512;

/** The element types that ONNX Runtime's JavaScript names. */
const elements: ReadonlySet<string> = new Set<ElementType>([
  'float32',
  'float64',
  'float16',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'bool',
  'string',
]);

/**
 * Types of all node outputs, as ONNX Runtime infers them from the inputs' types. Large weights are declared
 * as inputs without data, so this takes no memory for them. What cannot be inferred stays as the file stated
 * it. Nodes of unknown operators are taken at the file's word.
 * @throws TesseraError MODEL_INVALID when ONNX Runtime refuses the model.
 */
export async function inferTypes(draft: Draft, signal?: AbortSignal): Promise<Draft> {
  const unknown = new Set<string>();
  for (;;) {
    throwIfAborted(signal);
    const known = withoutOperators(draft, unknown);
    try {
      return { ...draft, types: await sessionTypes(draft, known) };
    } catch (cause) {
      const operator = unregisteredOperator(cause);
      if (operator === undefined || unknown.has(operator)) throw refused(cause);
      unknown.add(operator);
    }
  }
}

/** The draft without the nodes of some operators: their outputs become inputs of the types that are stated. */
function withoutOperators(draft: Draft, operators: ReadonlySet<string>): Draft {
  if (operators.size === 0) return draft;
  const removed = draft.nodes.filter((node) => operators.has(node.operator));
  const outputs = removed.flatMap((node) => node.outputs.filter((name) => name !== ''));
  const untyped = outputs.find((name) => draft.types.get(name) === undefined);
  if (untyped !== undefined) {
    const node = removed.find(({ outputs: names }) => names.includes(untyped));
    throw unknownOperator(node, untyped);
  }
  return {
    ...draft,
    inputs: [...draft.inputs, ...outputs],
    nodes: draft.nodes.filter((node) => !operators.has(node.operator)),
  };
}

async function sessionTypes(draft: Draft, known: Draft): Promise<Map<string, DraftType>> {
  const types = new Map(draft.types);
  const names = known.nodes.flatMap((node) => node.outputs.filter((name) => name !== ''));
  const scalars: string[] = [];
  for (const value of await outputMetadata(known, names)) {
    const inferred = metadataType(value);
    if (inferred === undefined) continue;
    types.set(value.name, refine(types.get(value.name), inferred));
    if (inferred.shape?.length === 0) scalars.push(value.name);
  }
  for (const name of await unknownRanks(known, scalars)) {
    const type = types.get(name);
    const stated = draft.types.get(name);
    if (type !== undefined) types.set(name, { element: type.element, shape: stated?.shape });
  }
  return types;
}

/** ONNX Runtime reports a tensor of unknown rank like a scalar; the length of its `Shape` tells them apart. */
async function unknownRanks(draft: Draft, scalars: readonly string[]): Promise<string[]> {
  if (scalars.length === 0) return [];
  const nameTensor = tensorNamer(draft);
  const tensorOf = new Map(scalars.map((name) => [nameTensor(`${name}/rank`), name]));
  const probes: ModelNode[] = [...tensorOf].map(([output, input]) => ({
    name: output,
    operator: 'Shape',
    domain: '',
    inputs: [input],
    outputs: [output],
    attributes: new Map(),
  }));
  const metadata = await outputMetadata({ ...draft, nodes: [...draft.nodes, ...probes] }, [
    ...tensorOf.keys(),
  ]);
  return metadata.flatMap((value) =>
    value.isTensor && value.shape[0] === 0 ? [] : (tensorOf.get(value.name) ?? []),
  );
}

/** What ONNX Runtime says of some tensors of a draft, without running it. */
async function outputMetadata(
  draft: Draft,
  names: readonly string[],
): Promise<readonly InferenceSession.ValueMetadata[]> {
  if (names.length === 0) return [];
  const isInline = (shape: readonly number[]) => elementCount(shape) <= MAX_INLINE_ELEMENTS;
  const large = [...draft.constants].filter(([, { type }]) => !isInline(type.shape));
  const inputTypes = draft.inputs.flatMap((name): [string, DraftType][] => {
    const type = draft.types.get(name);
    return type === undefined ? [] : [[name, type]];
  });
  const bytes = await encodeModel({
    ...draft,
    inputs: [...draft.inputs, ...large.map(([name]) => name)],
    outputs: names,
    constants: new Map([...draft.constants].filter(([, { type }]) => isInline(type.shape))),
    types: new Map([...inputTypes, ...large.map(([name, { type }]): [string, DraftType] => [name, type])]),
  });
  const session = await openPlainSession(bytes);
  try {
    return session.outputMetadata;
  } finally {
    await session.release();
  }
}

function metadataType(value: InferenceSession.ValueMetadata): DraftType | undefined {
  if (!value.isTensor || !elements.has(value.type)) return undefined;
  const shape = value.shape.map((dim) => (typeof dim === 'number' && dim >= 0 ? dim : dim || undefined));
  if (!isShape(shape.filter((dim) => typeof dim === 'number'))) {
    throw new TesseraError('MODEL_INVALID', {
      message: `The tensor "${value.name}" would have the impossible shape [${shape}].`,
      remedy: 'Check the shapes given to the inputs.',
    });
  }
  return { element: value.type as ElementType, shape };
}

/** Inferred dimensions, with stated numbers where inference knows none. */
function refine(stated: DraftType | undefined, inferred: DraftType): DraftType {
  const other = stated?.shape;
  if (other?.length !== inferred.shape?.length) return inferred;
  const shape = inferred.shape?.map((dim, i) => {
    const number = other?.[i];
    return typeof dim === 'number' || typeof number !== 'number' || number === 0 ? dim : number;
  });
  return { element: inferred.element, shape };
}

function unregisteredOperator(cause: unknown): string | undefined {
  const message = cause instanceof Error ? cause.message : '';
  return (
    /No Op registered for (\S+) with/.exec(message)?.[1] ??
    /error: .*?:?([^\s:]+)\(-?\d+\) is not a registered function\/op/.exec(message)?.[1]
  );
}

function unknownOperator(node: ModelNode | undefined, tensor: string): TesseraError {
  return new TesseraError('MODEL_INVALID', {
    message: `Node "${node?.name}" has the operator ${node?.domain ? `${node.domain}.` : ''}${node?.operator}, which ONNX Runtime does not know, and the file does not state the type of its output "${tensor}".`,
    remedy: 'Export the model with standard operators, or with the types of all tensors (value_info).',
    details: { node: node?.name, operator: node?.operator, tensor },
  });
}

function refused(cause: unknown): TesseraError {
  if (cause instanceof TesseraError) return cause;
  return new TesseraError('MODEL_INVALID', {
    message: `ONNX Runtime refuses the model: ${cause instanceof Error ? cause.message : String(cause)}`,
    remedy: 'Check the model with `onnx.checker`, and the shapes given to its inputs.',
    cause,
  });
}
