import { extname } from 'node:path';
import type { Tensor } from 'onnxruntime-node';
import { TesseraError } from '../../protocol/errors.ts';
import { readGiven, sizeOfGiven } from '../files/given-file.ts';
import type { NamedTensors } from './inference.ts';
import type { Model, TensorType } from './model.ts';
import { tensorOf } from './tensor-data.ts';
import type { FileTensor, Image } from './tensor-file/contents.ts';
import { imageValues, type Normalisation } from './tensor-file/image-tensor.ts';
import { parseJson } from './tensor-file/json.ts';
import { parseNpy } from './tensor-file/npy.ts';
import { parseNpz } from './tensor-file/npz.ts';
import { parsePng } from './tensor-file/png.ts';

export type { Normalisation } from './tensor-file/image-tensor.ts';

/** Larger inputs than any model here takes; stops a hostile file from filling the memory. */
const maximumBytes = 2 ** 30;

/** The tensors that a file must hold: those that a model takes, or those that it gives. */
export interface InputTypes extends Pick<Model, 'inputs' | 'types'> {
  /** What they are, for errors; `input` unless given. */
  kind?: 'input' | 'output';
}

/** Where tensors are: a file's path, or that of an image with how its samples become numbers. */
export type TensorFileSource = string | ({ path: string } & Normalisation);

/** The tensors of a file, before they are held against a model: by name, or one that has no name, or an image. */
export interface TensorFile {
  path: string;
  named: ReadonlyMap<string, FileTensor>;
  unnamed?: FileTensor;
  image?: { content: Image; normalisation: Normalisation };
}

const none: ReadonlyMap<string, FileTensor> = new Map();

/**
 * Reads a file of tensors: `.json` with one array by each tensor's name (nested as the shape, or flat), `.npy`, `.npz`
 * or a `.png` image.
 *
 * @param what the file is, as a sentence begins with it
 * @throws TesseraError `INPUT_INVALID` for what is none of these, and for a mean or std where there is no image;
 *   `STORAGE_FAILED` when the file cannot be read
 */
export async function readTensorFile(source: TensorFileSource, what = 'The input'): Promise<TensorFile> {
  const { path, ...normalisation } = typeof source === 'string' ? { path: source } : source;
  const bytes = await readBounded(path, what);
  const extension = extname(path).toLowerCase();
  if (extension === '.png') {
    return { path, named: none, image: { content: parsePng(path, bytes), normalisation } };
  }
  if (Object.keys(normalisation).length > 0) {
    throw new TesseraError('INPUT_INVALID', {
      message: `${path} is no .png image: mean and std are for these`,
      remedy: 'Leave them out, and give the numbers as the model takes them.',
    });
  }
  if (extension === '.npy') return { path, named: none, unnamed: parseNpy(path, bytes) };
  if (extension === '.npz') return fromArchive(path, await parseNpz(path, bytes, maximumBytes));
  return { path, named: parseJson(path, bytes) };
}

/** `numpy.savez` calls a single array without a name `arr_0`. */
function fromArchive(path: string, named: ReadonlyMap<string, FileTensor>): TensorFile {
  const unnamed = named.size === 1 ? named.get('arr_0') : undefined;
  return unnamed === undefined ? { path, named } : { path, named: none, unnamed };
}

/** The shape that a file gives a tensor; none for a flat list or an image, which may stand for several shapes. */
export function shapeIn(file: TensorFile, name: string): readonly number[] | undefined {
  const found = file.named.get(name) ?? file.unnamed;
  return found === undefined || isFlat(found) ? undefined : found.shape;
}

/**
 * A model's inputs from a file of tensors. Numbers of the file become the model's element type where that loses no
 * more than a float's rounding; only NumPy's formats can hold NaN and infinities.
 *
 * @throws TesseraError `INPUT_INVALID` naming the tensor, what was expected and what was found
 */
export function inputsFrom({ path, named, unnamed, image }: TensorFile, model: InputTypes): NamedTensors {
  if (image !== undefined) {
    const { name, type } = onlyInput(path, model);
    const values = imageValues(name, image.content, type, image.normalisation);
    return new Map([[name, tensorOf(name, type, values)]]);
  }
  if (unnamed !== undefined) {
    const { name, type } = onlyInput(path, model);
    return new Map([[name, convert(name, unnamed, type)]]);
  }
  return fromNamed(path, named, model);
}

/** {@link readTensorFile}, then {@link inputsFrom}. */
export async function readInputs(source: TensorFileSource, model: InputTypes): Promise<NamedTensors> {
  return inputsFrom(await readTensorFile(source, `The ${model.kind ?? 'input'}`), model);
}

async function readBounded(path: string, what: string): Promise<Buffer> {
  if ((await sizeOfGiven(path, { what })) > maximumBytes) {
    throw new TesseraError('INPUT_INVALID', {
      message: `${what} ${path} is larger than ${maximumBytes} bytes`,
      remedy: 'Give a file of the model’s tensors and nothing else.',
    });
  }
  return readGiven(path, { what });
}

function onlyInput(file: string, model: InputTypes): { name: string; type: TensorType } {
  const { inputs, kind = 'input' } = model;
  const [name, ...others] = inputs;
  if (name !== undefined && others.length === 0) return { name, type: typeOf(model, name) };
  throw new TesseraError('INPUT_INVALID', {
    message: `${file} holds one tensor; the model has ${inputs.length} ${kind}s`,
    remedy: `Give a .json or .npz file with ${inputs.join(', ')}.`,
  });
}

function fromNamed(path: string, tensors: ReadonlyMap<string, FileTensor>, model: InputTypes): NamedTensors {
  const { kind = 'input' } = model;
  const unknown = [...tensors.keys()].find((name) => !model.inputs.includes(name));
  if (unknown !== undefined) {
    throw new TesseraError('INPUT_INVALID', {
      message: `${path} names ${JSON.stringify(unknown)}, which is no ${kind} of the model`,
      remedy: `The ${kind}s are ${model.inputs.join(', ')}.`,
    });
  }
  return new Map(
    model.inputs.map((name): [string, Tensor] => {
      const found = tensors.get(name);
      if (found === undefined) {
        throw new TesseraError('INPUT_INVALID', {
          message: `${path} has no value for ${kind} ${name}`,
          remedy: `Give all of ${model.inputs.join(', ')}.`,
        });
      }
      return [name, convert(name, found, typeOf(model, name))];
    }),
  );
}

function typeOf(model: InputTypes, name: string): TensorType {
  return model.types.get(name) ?? { element: 'float32', shape: [] };
}

function convert(name: string, found: FileTensor, type: TensorType): Tensor {
  if (!isFlat(found)) requireShape(name, found.shape, type);
  if (found.dtype !== undefined) requireConvertible(name, found.dtype, type);
  return tensorOf(name, type, found.values);
}

/** A list of JSON that is not nested may stand for any shape. */
function isFlat({ dtype, shape }: FileTensor): boolean {
  return dtype === undefined && shape.length === 1;
}

function requireShape(name: string, found: readonly number[], { shape }: TensorType): void {
  if (String(found) === String(shape)) return;
  throw new TesseraError('INPUT_INVALID', {
    message: `Tensor ${name} has the shape [${found}] instead of [${shape}]`,
    remedy: 'Reshape it first; for a dimension that the model leaves open, give --shape.',
    details: { tensor: name, expected: shape, got: found },
  });
}

/** Integers may become floats, as in images of bytes; floats do not become integers, even where they are whole. */
function requireConvertible(name: string, dtype: string, { element }: TensorType): void {
  const isFloat = /^f[248]$/.test(dtype);
  const isInteger = /^([iu][1248]|b1)$/.test(dtype);
  if (isInteger || (isFloat && element.startsWith('float'))) return;
  throw new TesseraError('INPUT_INVALID', {
    message: `Tensor ${name} has the NumPy type ${dtype} instead of ${element}`,
    remedy: `Convert it first: array.astype("${element}").`,
    details: { tensor: name, expected: element, got: dtype },
  });
}
