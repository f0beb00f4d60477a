import { InvalidArgumentError, Option } from 'commander';
import { TesseraError } from '../../protocol/errors.ts';
import { publicKeyOf } from '../../protocol/messages/index.ts';
import { parseMemory } from '../memory.ts';
import type { TensorFileSource } from '../model/tensor-file.ts';

/** Reads an amount of memory such as `2GiB` or `512 MB`; gives bytes. */
export function memory(text: string): number {
  const bytes = parseMemory(text);
  if (bytes === undefined) throw new InvalidArgumentError('Give a number and a unit, e.g. 2GiB or 512MB.');
  return bytes;
}

/** `--setup`: where keys come from that belong to one circuit only. */
export function setupOption(): Option {
  return new Option(
    '--setup <policy>',
    'keys of circuits’ own: made here, of a ceremony, or none (universal)',
  )
    .choices(['development', 'ceremony', 'universal'])
    .default('development');
}

/** Reads a whole number from 1 on. */
export function count(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError('Give a whole number from 1 on.');
  }
  return value;
}

/** Reads a whole number from 0 on. */
export function index(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Give a whole number from 0 on.');
  return Number(text);
}

/** Reads a distance between numbers, from 0 on. */
export function difference(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError('Give a number from 0 on, e.g. 0.05.');
  }
  return value;
}

/** Reads a seed, 0 … 2^32 − 1. */
export function seed(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 0xffff_ffff) {
    throw new InvalidArgumentError('Give a whole number from 0 to 4294967295.');
  }
  return value;
}

/** Collects `NAME=1,3,48,48`; the name may itself hold an equals sign. */
export function shape(
  text: string,
  earlier: Readonly<Record<string, readonly number[]>> = {},
): Record<string, readonly number[]> {
  const at = text.lastIndexOf('=');
  const name = text.slice(0, at);
  const sizes = text.slice(at + 1).split(',');
  if (
    at < 1 ||
    !sizes.every((size) => /^\d+$/.test(size) && Number.isSafeInteger(Number(size)) && Number(size) > 0)
  ) {
    throw new InvalidArgumentError('Give a tensor and its sizes, e.g. image=1,3,48,48.');
  }
  if (Object.hasOwn(earlier, name)) throw new InvalidArgumentError(`The shape of ${name} is given twice.`);
  return { ...earlier, [name]: sizes.map(Number) };
}

/** Collects peer ids. */
export function peerIds(text: string, earlier: readonly string[] = []): readonly string[] {
  try {
    publicKeyOf(text);
  } catch {
    throw new InvalidArgumentError('Give a peer id, e.g. 12D3KooW…, as tessera start prints it.');
  }
  return [...earlier, text];
}

/** Reads 32 bytes in hexadecimal, with or without 0x. */
export function digest(text: string): string {
  const hex = text.toLowerCase().replace(/^0x/, '');
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new InvalidArgumentError('Give 64 hexadecimal digits.');
  return hex;
}

/** Reads numbers such as `0.485,0.456,0.406`. */
export function numbers(text: string): readonly number[] {
  const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (!values.every(Number.isFinite)) {
    throw new InvalidArgumentError('Give numbers with commas between, e.g. 0.485,0.456,0.406.');
  }
  return values;
}

/** Flags of every verb that reads images. */
export interface ImageFlags {
  mean?: readonly number[];
  std?: readonly number[];
}

/** `--mean`: what samples are lessened by. */
export function meanOption(): Option {
  return new Option(
    '--mean <numbers>',
    'subtracted from an image’s samples in 0 … 1; one, or one a channel',
  ).argParser(numbers);
}

/** `--std`: what samples are divided by after that. */
export function stdOption(): Option {
  return new Option(
    '--std <numbers>',
    'what they are divided by after that; one, or one a channel',
  ).argParser(numbers);
}

/**
 * A file of tensors, with what the flags say of an image's samples.
 *
 * @returns nothing where no file is given
 * @throws TesseraError `USAGE` where flags of an image are, all the same
 */
export function tensorSource(
  path: string | undefined,
  { mean, std }: ImageFlags,
): TensorFileSource | undefined {
  if (mean === undefined && std === undefined) return path;
  if (path === undefined) {
    throw new TesseraError('USAGE', {
      message: '--mean and --std say how to read an image, and none is given',
      remedy: 'Give the image, or leave them out.',
    });
  }
  return { path, ...(mean === undefined ? {} : { mean }), ...(std === undefined ? {} : { std }) };
}
