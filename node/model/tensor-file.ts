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

/**
 * Reads a model's inputs: a `.json` file with one array for each input by its name (nested as the shape, or flat),
 * or a `.npy` file for a model with one input. Numbers of the file become the model's element type where that loses no
 * more than a float's rounding; only `.npy` can hold NaN and infinities.
 *
 * @throws TesseraError `INPUT_INVALID` naming the tensor, what was expected and what was found;
 *   `STORAGE_FAILED` when the file cannot be read
 */
export async function readInputs(file: string, model: InputTypes): Promise<NamedTensors> {
  const bytes = await readBounded(file);
  return extname(file).toLowerCase() === '.npy' ? readNpy(file, bytes, model) : readJson(file, bytes, model);
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

function readNpy(file: string, bytes: Buffer, model: InputTypes): NamedTensors {
  const [name, ...others] = model.inputs;
  if (name === undefined || others.length > 0) {
    throw new TesseraError('INPUT_INVALID', {
      message: `${file} holds one tensor; the model has ${model.inputs.length} inputs`,
      remedy: `Give a .json file with ${model.inputs.join(', ')}.`,
    });
  }
  let array: ReturnType<typeof parseNpy>;
  try {
    array = parseNpy(new Uint8Array(bytes).buffer);
  } catch (cause) {
    throw new TesseraError('INPUT_INVALID', { message: `${file} is not a NumPy array`, cause });
  }
  const type = typeOf(model, name);
  if (array.fortranOrder) {
    throw new TesseraError('INPUT_INVALID', {
      message: `${file} is in Fortran order`,
      remedy: 'Save it with numpy.ascontiguousarray.',
    });
  }
  requireShape(name, array.shape, type);
  requireConvertible(name, array.dtype, type);
  return new Map([[name, tensorOf(name, type, array.data as unknown as ArrayLike<number | bigint>)]]);
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

function readJson(file: string, bytes: Buffer, model: InputTypes): NamedTensors {
  let content: unknown;
  try {
    content = JSON.parse(bytes.toString('utf8'), keepWideIntegers);
  } catch (cause) {
    throw new TesseraError('INPUT_INVALID', {
      message: `${file} is not JSON`,
      remedy: `Give {"${model.inputs[0]}": [ … ]}, or a .npy file.`,
      cause,
    });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new TesseraError('INPUT_INVALID', {
      message: `${file} holds no object of tensors by name`,
      remedy: `Give {"${model.inputs[0]}": [ … ]}.`,
    });
  }
  const unknown = Object.keys(content).find((name) => !model.inputs.includes(name));
  if (unknown !== undefined) {
    throw new TesseraError('INPUT_INVALID', {
      message: `${file} names ${JSON.stringify(unknown)}, which is no input of the model`,
      remedy: `The inputs are ${model.inputs.join(', ')}.`,
    });
  }
  return new Map(
    model.inputs.map((name): [string, Tensor] => {
      if (!Object.hasOwn(content, name)) {
        throw new TesseraError('INPUT_INVALID', { message: `${file} has no value for input ${name}` });
      }
      const type = typeOf(model, name);
      const { shape, values } = flatten(name, (content as Record<string, unknown>)[name]);
      // A flat list may stand for any shape.
      if (shape.length !== 1) requireShape(name, shape, type);
      return [name, tensorOf(name, type, values)];
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
