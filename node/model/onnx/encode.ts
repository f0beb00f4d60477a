import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TesseraError } from '../../../protocol/errors.ts';
import { throwIfAborted } from '../../abort.ts';
import { constantBytes, constantChunks, constantLength } from '../constant.ts';
import type { Draft } from '../draft.ts';
import type { Attribute, Constant, ModelNode } from '../model.ts';
import { elementTypeNumber } from './element-types.ts';
import { fromBigInt } from './int64.ts';
import { attributeKind, attributeType, fieldNumber, graphType, modelType, tensorType } from './schema.ts';
import { delimited } from './wire.ts';

/** Protobuf messages are below 2 GiB. */
const MAX_MESSAGE_BYTES = 2 ** 31 - 1;
/** Smaller constants stay in the model file, where readers expect shapes and axes. */
const MIN_EXTERNAL_BYTES = 1024;

const utf8 = new TextEncoder();

/** How a model is encoded. */
export interface EncodeOptions {
  signal?: AbortSignal;
}

/**
 * The model as ONNX bytes, its weights inside.
 * @throws TesseraError MODEL_INVALID when it would exceed protobuf's 2 GiB; use {@link writeModel} then.
 */
export async function encodeModel(model: Draft, options: EncodeOptions = {}): Promise<Uint8Array> {
  const plan = await planMessage(model, inlineTensor);
  if (plan.length > MAX_MESSAGE_BYTES) {
    throw new TesseraError('MODEL_INVALID', {
      message: `The model "${model.name}" has ${plan.length} bytes, more than one ONNX message can hold.`,
      remedy: 'Write it to a file, with its weights beside it.',
    });
  }
  const bytes = new Uint8Array(plan.length);
  let at = 0;
  for await (const chunk of plan.chunks()) {
    throwIfAborted(options.signal);
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/**
 * Writes the model as an ONNX file. One that exceeds protobuf's 2 GiB gets its weights in a second file of
 * the same name and the ending `.data` beside it.
 */
export async function writeModel(model: Draft, path: string, options: EncodeOptions = {}): Promise<void> {
  const inline = await planMessage(model, inlineTensor);
  if (inline.length <= MAX_MESSAGE_BYTES) {
    await writeChunks(path, inline.chunks(), options.signal);
    return;
  }
  const location = `${basename(path)}.data`;
  const weights: Constant[] = [];
  let offset = 0;
  const external = await planMessage(model, async (name, constant) => {
    if (constant.source.kind === 'strings' || constantLength(constant) < MIN_EXTERNAL_BYTES) {
      return inlineTensor(name, constant);
    }
    const length = constantLength(constant);
    const header = tensorHeader(name, constant, { location, offset, length });
    weights.push(constant);
    offset += length;
    return { header, data: undefined };
  });
  await writeChunks(join(dirname(path), location), concatenate(weights), options.signal);
  await writeChunks(path, external.chunks(), options.signal);
}

/** A message of known length that is produced piece by piece. */
interface MessagePlan {
  length: number;
  chunks(): AsyncGenerator<Uint8Array>;
}

/** A tensor message: its fields but the data, and the constant whose bytes follow as `raw_data`. */
interface TensorPlan {
  header: Uint8Array;
  data: Constant | undefined;
}

type PlaceTensor = (name: string, constant: Constant) => Promise<TensorPlan>;

/** Lays out the model message with its initialisers last, so that they can be streamed. */
async function planMessage(model: Draft, place: PlaceTensor): Promise<MessagePlan> {
  const graph = graphType.encode(graphType.fromObject(await graphMessage(model))).finish();
  const opsetImport = [...model.opsets].map(([domain, version]) => ({ domain, version }));
  const rest = modelType.encode(modelType.fromObject({ irVersion: model.irVersion, opsetImport })).finish();
  const initialisers: { prefix: Uint8Array; data: Constant | undefined; length: number }[] = [];
  for (const [name, constant] of model.constants) {
    const { header, data } = await place(name, constant);
    const dataLength = data === undefined ? 0 : constantLength(data);
    const dataKey =
      data === undefined ? new Uint8Array(0) : delimited(fieldNumber.tensor.rawData, dataLength);
    const key = delimited(fieldNumber.graph.initializer, header.length + dataKey.length + dataLength);
    const prefix = Buffer.concat([key, header, dataKey]);
    initialisers.push({ prefix, data, length: prefix.length + dataLength });
  }
  const graphLength = initialisers.reduce((sum, { length }) => sum + length, graph.length);
  const head = Buffer.concat([rest, delimited(fieldNumber.model.graph, graphLength), graph]);
  return {
    length: head.length - graph.length + graphLength,
    async *chunks() {
      yield head;
      for (const { prefix, data } of initialisers) {
        yield prefix;
        if (data !== undefined) yield* constantChunks(data);
      }
    },
  };
}

async function inlineTensor(name: string, constant: Constant): Promise<TensorPlan> {
  const data = constant.source.kind === 'strings' ? undefined : constant;
  return { header: tensorHeader(name, constant), data };
}

function tensorHeader(
  name: string,
  constant: Constant,
  external?: { location: string; offset: number; length: number },
): Uint8Array {
  const { source, type } = constant;
  return tensorType
    .encode(
      tensorType.fromObject({
        name,
        dims: type.shape,
        dataType: elementTypeNumber(type.element),
        ...(source.kind === 'strings' && { stringData: source.values.map((value) => utf8.encode(value)) }),
        ...(external && {
          dataLocation: 1,
          externalData: Object.entries(external).map(([key, value]) => ({ key, value: String(value) })),
        }),
      }),
    )
    .finish();
}

async function graphMessage(model: Draft) {
  return {
    name: model.name,
    node: await Promise.all(model.nodes.map(nodeMessage)),
    input: model.inputs.map((name) => valueInfo(model, name)),
    output: model.outputs.map((name) => valueInfo(model, name)),
  };
}

function valueInfo(model: Draft, name: string) {
  const type = model.types.get(name) ?? model.constants.get(name)?.type;
  if (type === undefined) return { name };
  const dim = type.shape?.map((value) =>
    typeof value === 'number' ? { dimValue: value } : value === undefined ? {} : { dimParam: value },
  );
  return {
    name,
    type: { tensorType: { elemType: elementTypeNumber(type.element), ...(dim && { shape: { dim } }) } },
  };
}

async function nodeMessage(node: ModelNode) {
  return {
    name: node.name,
    opType: node.operator,
    domain: node.domain,
    input: node.inputs,
    output: node.outputs,
    attribute: await Promise.all(
      [...node.attributes].map(([name, attribute]) => attributeMessage(name, attribute)),
    ),
  };
}

async function attributeMessage(name: string, attribute: Attribute) {
  switch (attribute.type) {
    case 'int':
      return { name, type: attributeKind.int, i: fromBigInt(attribute.value) };
    case 'ints':
      return { name, type: attributeKind.ints, ints: attribute.value.map(fromBigInt) };
    case 'float':
      return { name, type: attributeKind.float, f: attribute.value };
    case 'floats':
      return { name, type: attributeKind.floats, floats: attribute.value };
    case 'string':
      return { name, type: attributeKind.string, s: utf8.encode(attribute.value) };
    case 'strings':
      return {
        name,
        type: attributeKind.strings,
        strings: attribute.value.map((value) => utf8.encode(value)),
      };
    case 'tensor': {
      const { header, data } = await inlineTensor('', attribute.value);
      const t = tensorType.toObject(tensorType.decode(header));
      return {
        name,
        type: attributeKind.tensor,
        t: data === undefined ? t : { ...t, rawData: await constantBytes(data) },
      };
    }
    case 'opaque':
      return { ...attributeType.toObject(attributeType.decode(attribute.value)), name };
  }
}

async function* concatenate(constants: readonly Constant[]): AsyncGenerator<Uint8Array> {
  for (const constant of constants) yield* constantChunks(constant);
}

async function writeChunks(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  try {
    const file = await open(path, 'w');
    try {
      for await (const chunk of chunks) {
        throwIfAborted(signal);
        await file.writeFile(chunk);
      }
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof TesseraError || signal?.aborted) throw cause;
    throw new TesseraError('STORAGE_FAILED', {
      message: `The model cannot be written to ${path}.`,
      remedy: 'Check the free space and the permission to write there.',
      cause,
    });
  }
}
