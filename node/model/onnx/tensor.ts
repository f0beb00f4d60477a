import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { TesseraError } from '../../../protocol/errors.ts';
import { elementBytes, elementCount, isShape } from '../element.ts';
import type { Constant, ElementType } from '../model.ts';
import { elementTypeOf } from './element-types.ts';
import { toBigInt, toNumber } from './int64.ts';
import type { GraphMessage, TensorMessage } from './schema.ts';

/** ONNX's number for a tensor whose data lie in another file. */
const EXTERNAL = 1;
/** External weights of sub-graphs, which are carried in memory. */
const MAX_EMBEDDED_BYTES = 64 * 1024 * 1024;

/** The files that a model's tensors lie in. */
export interface TensorFiles {
  /** The model file, as errors name it. */
  readonly model: string;
  /** External data files met so far: real path by the location that the model gives. */
  readonly external: Map<string, string>;
}

/**
 * The constant that a tensor message describes. Large data stay in their files.
 * @throws TesseraError MODEL_INVALID when shape, type, place and amount of data do not agree.
 */
export function tensorConstant(tensor: TensorMessage, files: TensorFiles): Constant {
  const element = elementTypeOf(tensor.dataType);
  if (element === undefined)
    throw invalid(tensor, files, `has element type ${tensor.dataType}, which is not supported`);
  const shape = tensor.dims.map(toNumber);
  if (!isShape(shape)) throw invalid(tensor, files, `has the impossible shape [${shape}]`);
  const type = { element, shape };
  const count = elementCount(shape);
  if (element === 'string') {
    if (tensor.stringData.length !== count)
      throw invalid(tensor, files, `has ${tensor.stringData.length} of ${count} strings`);
    const values = tensor.stringData.map((value) => new TextDecoder().decode(value));
    return { type, source: { kind: 'strings', values } };
  }
  const length = count * elementBytes(element);
  const source =
    tensor.dataLocation === EXTERNAL
      ? externalSource(tensor, length, files)
      : Object.hasOwn(tensor, 'heldLength')
        ? {
            kind: 'file' as const,
            path: resolve(files.model),
            offset: tensor.heldOffset,
            length: tensor.heldLength,
          }
        : { kind: 'bytes' as const, bytes: inlineBytes(tensor, element) };
  const got = source.kind === 'file' ? source.length : source.bytes.length;
  if (got !== length)
    throw invalid(tensor, files, `has ${got} bytes of data where its shape and type need ${length}`);
  return { type, source };
}

/** Puts the external data of a sub-graph's tensors into their messages, so that its bytes stand alone. */
export function embedTensors(graph: GraphMessage, files: TensorFiles): void {
  const embed = (tensor: TensorMessage): void => {
    if (tensor.dataLocation !== EXTERNAL) return;
    const constant = tensorConstant(tensor, files);
    if (constant.source.kind !== 'file') return;
    const { path, offset, length } = constant.source;
    if (length > MAX_EMBEDDED_BYTES) {
      throw invalid(tensor, files, `is a sub-graph's and larger than ${MAX_EMBEDDED_BYTES} bytes`);
    }
    tensor.rawData = readRange(path, offset, length);
    tensor.externalData = [];
    tensor.dataLocation = 0;
  };
  graph.initializer.forEach(embed);
  for (const { attribute } of graph.node) {
    for (const { t, tensors, g, graphs } of attribute) {
      for (const tensor of [...(t ? [t] : []), ...tensors]) embed(tensor);
      for (const inner of [...(g ? [g] : []), ...graphs]) embedTensors(inner, files);
    }
  }
}

function externalSource(tensor: TensorMessage, length: number, files: TensorFiles) {
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get('location');
  if (location === undefined || location === '')
    throw invalid(tensor, files, 'has external data without a location');
  const path = externalPath(location, tensor, files);
  const offset = wholeNumber(entries.get('offset') ?? '0');
  const size = statSync(path).size;
  const stated = entries.has('length') ? wholeNumber(entries.get('length') ?? '') : length;
  if (!(offset + stated <= size)) {
    throw invalid(
      tensor,
      files,
      `wants ${stated} bytes from byte ${offset} of ${location}, which has ${size}`,
    );
  }
  return { kind: 'file' as const, path, offset, length: stated };
}

/** The real path of an external data file, which must lie beside or below the model. */
function externalPath(location: string, tensor: TensorMessage, files: TensorFiles): string {
  const known = files.external.get(location);
  if (known !== undefined) return known;
  if (isAbsolute(location) || location.includes('\0') || location.split(/[\\/]/).includes('..')) {
    throw invalid(tensor, files, `wants data from "${location}", outside the model's folder`);
  }
  const folder = realpathSync(dirname(resolve(files.model)));
  let path: string;
  try {
    path = realpathSync(join(folder, location));
  } catch (cause) {
    throw new TesseraError('MODEL_UNREADABLE', {
      message: `The external data file "${location}" of ${files.model} cannot be read.`,
      remedy: `Put it into ${folder}.`,
      details: { location },
      cause,
    });
  }
  const inside = relative(folder, path);
  if (inside.startsWith(`..${sep}`) || inside === '..' || isAbsolute(inside) || !statSync(path).isFile()) {
    throw invalid(tensor, files, `wants data from "${location}", which is no file in the model's folder`);
  }
  files.external.set(location, path);
  return path;
}

/** The elements given in the message itself, as little-endian bytes. */
function inlineBytes(tensor: TensorMessage, element: Exclude<ElementType, 'string'>): Uint8Array {
  if (tensor.rawData.length > 0) return new Uint8Array(tensor.rawData);
  switch (element) {
    case 'float32':
      return bytesOf(Float32Array.from(tensor.floatData));
    case 'float64':
      return bytesOf(Float64Array.from(tensor.doubleData));
    case 'int64':
      return bytesOf(BigInt64Array.from(tensor.int64Data, toBigInt));
    case 'uint64':
      return bytesOf(BigUint64Array.from(tensor.uint64Data, toBigInt));
    case 'uint32':
      return bytesOf(Uint32Array.from(tensor.uint64Data, (value) => Number(toBigInt(value))));
    case 'int32':
      return bytesOf(Int32Array.from(tensor.int32Data));
    case 'int16':
    case 'uint16':
    case 'float16':
    case 'bfloat16':
      return bytesOf(Uint16Array.from(tensor.int32Data));
    case 'int8':
    case 'uint8':
    case 'bool':
      return bytesOf(Uint8Array.from(tensor.int32Data));
  }
}

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function readRange(path: string, offset: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(length);
  const file = openSync(path, 'r');
  try {
    for (let done = 0; done < length; ) {
      const count = readSync(file, bytes, done, length - done, offset + done);
      if (count === 0)
        throw new TesseraError('MODEL_UNREADABLE', { message: `${path} became shorter while it was read.` });
      done += count;
    }
  } finally {
    closeSync(file);
  }
  return bytes;
}

function wholeNumber(digits: string): number {
  return /^\d{1,15}$/.test(digits) ? Number(digits) : Number.NaN;
}

function invalid(tensor: TensorMessage, files: TensorFiles, what: string): TesseraError {
  return new TesseraError('MODEL_INVALID', {
    message: `The tensor "${tensor.name}" of ${files.model} ${what}.`,
    remedy: 'Export or download the model again.',
    details: { tensor: tensor.name },
  });
}
