import { TesseraError } from '../../../protocol/errors.ts';
import type { FileTensor } from './contents.ts';

const maximumDepth = 16;
/** Digits and sign of the longest 64-bit integer. */
const maximumIntegerLength = 20;

/**
 * Tensors by name from JSON: one object, with an array for each, nested as the shape or flat.
 *
 * @throws TesseraError `INPUT_INVALID` for what holds no regular arrays of numbers
 */
export function parseJson(file: string, bytes: Buffer): ReadonlyMap<string, FileTensor> {
  let content: unknown;
  try {
    content = JSON.parse(bytes.toString('utf8'), keepWideIntegers);
  } catch (cause) {
    throw new TesseraError('INPUT_INVALID', {
      message: `${file} is not JSON`,
      remedy: 'Give an object with one array by each tensor’s name, or a .npy, .npz or .png file.',
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

/** Reviver that reads integers which a double would round as bigints, from their source text. */
function keepWideIntegers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value)) return value;
  const text = context?.source ?? '';
  return text.length <= maximumIntegerLength && /^-?\d+$/.test(text) ? BigInt(text) : value;
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
        message: `Tensor ${name} is not a regular array of numbers: found ${describe(value)}`,
        remedy: 'Give its numbers nested as its shape, or in one flat list.',
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
