import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { parse as parseNpy } from 'npyjs';
import type { Tensor } from 'onnxruntime-node';
import { TesseraError } from '../../protocol/errors.ts';
import type { NamedTensors } from './inference.ts';
import type { Model, TensorType } from './model.ts';
import { tensorOf } from './tensor-data.ts';

/** Larger inputs than any model here takes; stops a hostile file from filling the memory. */
const maximumBytes = 2 ** 30;
const maximumDepth = 16;

/** The tensors that a file of inputs must hold. */
export type InputTypes = Pick<Model, 'inputs' | 'types'>;

/** Digits and sign of the longest 64-bit integer. */
const maximumIntegerLength = 20;

/** A tensor as a file holds it. */
interface FileTensor {
  shape: readonly number[];
  /** Row-major. */
  values: ArrayLike<number | bigint>;
  /** NumPy's name of the element type, where the file states one. */
  dtype?: string;
}

/** The tensors of a file, before they are held against a model: by name, or one that has no name (`.npy`). */
export interface TensorFile {
  path: string;
  named: ReadonlyMap<string, FileTensor>;
  unnamed?: FileTensor;
}

/**
 * Reads a file of tensors: `.json` with one array by each tensor's name (nested as the shape, or flat), or `.npy`.
 *
 * @throws TesseraError `INPUT_INVALID` for what is no regular array of numbers; `STORAGE_FAILED` when the file cannot
 *   be read
 */
export async function readTensorFile(path: string): Promise<TensorFile> {
  const bytes = await readBounded(path);
  return extname(path).toLowerCase() === '.npy'
    ? { path, named: new Map(), unnamed: parseArray(path, bytes) }
    : { path, named: parseObject(path, bytes) };
}

/** The shape that a file gives a tensor; none for a flat list, which may stand for any shape. */
export function shapeIn(file: TensorFile, name: string): readonly number[] | undefined {
  const found = file.named.get(name) ?? file.unnamed;
  return found === undefined || (found.dtype === undefined && found.shape.length === 1)
    ? undefined
    : found.shape;
}

/**
 * A model's inputs from a file of tensors. Numbers of the file become the model's element type where that loses no
 * more than a float's rounding; only `.npy` can hold NaN and infinities.
 *
 * @throws TesseraError `INPUT_INVALID` naming the tensor, what was expected and what was found
 */
export function inputsFrom(file: TensorFile, model: InputTypes): NamedTensors {
  return file.unnamed === undefined ? fromNamed(file, model) : fromUnnamed(file.path, file.unnamed, model);
}

/** {@link readTensorFile}, then {@link inputsFrom}. */
export async function readInputs(path: string, model: InputTypes): Promise<NamedTensors> {
  return inputsFrom(await readTensorFile(path), model);
}

async function readBounded(file: string): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    if (size > maximumBytes) {
      throw new TesseraError('INPUT_INVALID', { message: `${file} is larger than ${maximumBytes} bytes` });
    }
    return await readFile(file);
  } catch (cause) {
    if (cause instanceof TesseraError) throw cause;
    throw new TesseraError('STORAGE_FAILED', {
      message: `The input file ${file} cannot be read`,
      remedy: 'Check the path and its permissions.',
      cause,
    });
  }
}

function parseArray(file: string, bytes: Buffer): FileTensor {
  let array: ReturnType<typeof parseNpy>;
  try {
    array = parseNpy(new Uint8Array(bytes).buffer);
  } catch (cause) {
    throw new TesseraError('INPUT_INVALID', { message: `${file} is not a NumPy array`, cause });
  }
  if (array.fortranOrder) {
    throw new TesseraError('INPUT_INVALID', {
      message: `${file} is in Fortran order`,
      remedy: 'Save it with numpy.ascontiguousarray.',
    });
  }
  const values = array.data as unknown as ArrayLike<number | bigint>;
  return { shape: array.shape, values, dtype: array.dtype };
}

function fromUnnamed(
  file: string,
  { shape, values, dtype = '' }: FileTensor,
  model: InputTypes,
): NamedTensors {
  const [name, ...others] = model.inputs;
  if (name === undefined || others.length > 0) {
    throw new TesseraError('INPUT_INVALID', {
      message: `${file} holds one tensor; the model has ${model.inputs.length} inputs`,
      remedy: `Give a .json file with ${model.inputs.join(', ')}.`,
    });
  }
  const type = typeOf(model, name);
  requireShape(name, shape, type);
  requireConvertible(name, dtype, type);
  return new Map([[name, tensorOf(name, type, values)]]);
}

/** Integers may become floats, as in images of bytes; floats do not become integers, even where they are whole. */
function requireConvertible(name: string, dtype: string, { element }: TensorType): void {
  const isFloat = /^f[248]$/.test(dtype);
  const isInteger = /^([iu][1248]|b1)$/.test(dtype);
  if (isInteger || (isFloat && element.startsWith('float'))) return;
  throw new TesseraError('INPUT_INVALID', {
    message: `Input ${name} has the NumPy type ${dtype}, where the model takes ${element}`,
    remedy: `Convert it first: array.astype("${element}").`,
    details: { tensor: name, expected: element, got: dtype },
  });
}

function parseObject(file: string, bytes: Buffer): ReadonlyMap<string, FileTensor> {
  let content: unknown;
  try {
    content = JSON.parse(bytes.toString('utf8'), keepWideIntegers);
  } catch (cause) {
    throw new TesseraError('INPUT_INVALID', {
      message: `${file} is not JSON`,
      remedy: 'Give an object with one array by each tensor’s name, or a .npy file.',
      cause,
    });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new TesseraError('INPUT_INVALID', {
      message: `${file} holds no object of tensors by name`,
      remedy: 'Give an object with one array by each tensor’s name.',
    });
  }
  return new Map(Object.entries(content).map(([name, value]) => [name, flatten(name, value)]));
}

function fromNamed({ path, named }: TensorFile, model: InputTypes): NamedTensors {
  const unknown = [...named.keys()].find((name) => !model.inputs.includes(name));
  if (unknown !== undefined) {
    throw new TesseraError('INPUT_INVALID', {
      message: `${path} names ${JSON.stringify(unknown)}, which is no input of the model`,
      remedy: `The inputs are ${model.inputs.join(', ')}.`,
    });
  }
  return new Map(
    model.inputs.map((name): [string, Tensor] => {
      const found = named.get(name);
      if (found === undefined) {
        throw new TesseraError('INPUT_INVALID', { message: `${path} has no value for input ${name}` });
      }
      const type = typeOf(model, name);
      // A flat list may stand for any shape.
      if (found.shape.length !== 1) requireShape(name, found.shape, type);
      return [name, tensorOf(name, type, found.values)];
    }),
  );
}

/** Reviver that reads integers which a double would round as bigints, from their source text. */
function keepWideIntegers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value)) return value;
  const text = context?.source ?? '';
  return text.length <= maximumIntegerLength && /^-?\d+$/.test(text) ? BigInt(text) : value;
}

function typeOf(model: InputTypes, name: string): TensorType {
  return model.types.get(name) ?? { element: 'float32', shape: [] };
}

function requireShape(name: string, found: readonly number[], { shape }: TensorType): void {
  if (String(found) === String(shape)) return;
  throw new TesseraError('INPUT_INVALID', {
    message: `Input ${name} has the shape [${found}], where the model takes [${shape}]`,
    details: { tensor: name, expected: shape, got: found },
  });
}

/** The elements and the shape of nested arrays, which must be rectangular. */
function flatten(name: string, root: unknown): { shape: number[]; values: (number | bigint)[] } {
  const shape: number[] = [];
  for (let level = root; Array.isArray(level) && shape.length <= maximumDepth; level = level[0]) {
    shape.push(level.length);
  }
  const values: (number | bigint)[] = [];
  const visit = (value: unknown, depth: number): void => {
    const size = shape[depth];
    if (size !== undefined && Array.isArray(value) && value.length === size) {
      for (const item of value) visit(item, depth + 1);
    } else if (size === undefined && isNumber(value)) {
      values.push(typeof value === 'boolean' ? Number(value) : value);
    } else {
      throw new TesseraError('INPUT_INVALID', {
        message: `Input ${name} is not a regular array of numbers: found ${describe(value)}`,
        details: { tensor: name },
      });
    }
  };
  visit(root, 0);
  return { shape, values };
}

/** JSON has no infinities: one that was read stands for a number that is too large for a double. */
function isNumber(value: unknown): value is number | bigint | boolean {
  return typeof value === 'bigint' || typeof value === 'boolean' || Number.isFinite(value);
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'number') return 'a number too large for a double';
  return String(JSON.stringify(value)).slice(0, 40);
}
