/** Typed codecs that formats are put together from. All refuse, both ways, what the format does not allow. */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { Hex32 } from '../edge.ts';
import { TesseraError } from '../errors.ts';
import {
  fieldBytes,
  fitsField,
  readElements,
  readIntegers,
  scalarModulus,
  writeElements,
  writeIntegers,
} from '../field.ts';
import type { CborValue } from './cbor.ts';

/** Where in the value a codec is, for messages; pushed and popped in place. */
export type Path = (string | number)[];

/** Both directions of one type. `decode` takes any CBOR value and returns only what `encode` accepts. */
export interface Codec<T> {
  encode(value: T, path: Path): CborValue;
  decode(value: CborValue, path: Path): T;
}

/** The error of a value that breaks its format. */
export function malformed(path: Path, why: string): TesseraError {
  return new TesseraError('ENCODING_INVALID', { message: `${path.join('.') || 'value'}: ${why}` });
}

/** A codec whose two sides are the same value, held to one condition. */
function plain<T extends CborValue>(is: (value: CborValue) => value is T, what: string): Codec<T> {
  const check = (value: CborValue, path: Path): T => {
    if (!is(value)) throw malformed(path, `is not ${what}`);
    return value;
  };
  return { encode: check, decode: check };
}

/** A safe integer in [lo, hi]. */
export function integer(lo: number, hi: number): Codec<number> {
  return plain(
    (value): value is number =>
      Number.isSafeInteger(value) && (value as number) >= lo && (value as number) <= hi,
    `an integer from ${lo} to ${hi}`,
  );
}

export const boolean: Codec<boolean> = plain(
  (value): value is boolean => typeof value === 'boolean',
  'true or false',
);

const utf8 = new TextEncoder();

/** Well-formed text of at most `max` bytes in UTF-8. */
export function text(max: number): Codec<string> {
  return plain(
    (value): value is string =>
      typeof value === 'string' &&
      value.length <= max &&
      value.isWellFormed() &&
      utf8.encode(value).length <= max,
    `well-formed text of at most ${max} bytes`,
  );
}

/** A byte string of `min` to `max` bytes. */
export function bytes(min: number, max: number): Codec<Uint8Array> {
  return plain(
    (value): value is Uint8Array => value instanceof Uint8Array && value.length >= min && value.length <= max,
    min === max ? `${min} bytes` : `${min} to ${max} bytes`,
  );
}

/** 32 bytes, shown as hexadecimal. */
export const hex32: Codec<Hex32> = {
  encode(value, path) {
    if (!/^[0-9a-f]{64}$/.test(value)) throw malformed(path, 'is not 32 bytes in lower-case hexadecimal');
    return hexToBytes(value);
  },
  decode: (value, path) => bytesToHex(digest.decode(value, path)),
};

const digest = bytes(32, 32);

/** An unsigned number below 2^256, big-endian without leading zeros. */
export const amount: Codec<bigint> = {
  encode(value, path) {
    if (value < 0n || value >= 1n << 256n) throw malformed(path, 'is not a number below 2^256');
    const hex = value === 0n ? '' : value.toString(16);
    return hexToBytes(hex.length % 2 === 0 ? hex : `0${hex}`);
  },
  decode(value, path) {
    const digits = bytes(0, 32).decode(value, path);
    if (digits[0] === 0) throw malformed(path, 'has leading zeros');
    return digits.length === 0 ? 0n : BigInt(`0x${bytesToHex(digits)}`);
  },
};

/** An integer of at most (r − 1) / 2 in magnitude, as its 32-byte field element. */
export const fieldInteger: Codec<bigint> = {
  encode(value, path) {
    if (!fitsField(value)) throw malformed(path, 'does not fit the field');
    return writeIntegers([value]);
  },
  decode: (value, path) => packed(value, 1, 1, path, readIntegers)[0] ?? 0n,
};

/** Up to `max` integers, packed into one byte string of field elements. */
export function fieldIntegers(max: number): Codec<readonly bigint[]> {
  return {
    encode(values, path) {
      if (values.length > max) throw malformed(path, `has more than ${max} values`);
      if (!values.every(fitsField)) throw malformed(path, 'has a value that does not fit the field');
      return writeIntegers(values);
    },
    decode: (value, path) => packed(value, 0, max, path, readIntegers),
  };
}

/** Up to `max` field elements, packed into one byte string. */
export function fieldElements(max: number): Codec<readonly bigint[]> {
  return {
    encode(values, path) {
      if (values.length > max) throw malformed(path, `has more than ${max} values`);
      if (!values.every((value) => value >= 0n && value < scalarModulus)) {
        throw malformed(path, 'has a value that is not a field element');
      }
      return writeElements(values);
    },
    decode: (value, path) => packed(value, 0, max, path, readElements),
  };
}

function packed(
  value: CborValue,
  min: number,
  max: number,
  path: Path,
  read: (bytes: Uint8Array) => bigint[],
): bigint[] {
  const packedBytes = bytes(fieldBytes * min, fieldBytes * max).decode(value, path);
  try {
    return read(packedBytes);
  } catch (cause) {
    if (cause instanceof TesseraError) throw malformed(path, cause.message);
    throw cause;
  }
}

/** Up to `max` finite IEEE 754 doubles, big-endian, packed into one byte string. */
export function doubles(max: number): Codec<Float64Array> {
  return {
    encode(values, path) {
      if (values.length > max) throw malformed(path, `has more than ${max} values`);
      const out = new Uint8Array(8 * values.length);
      const view = new DataView(out.buffer);
      for (const [i, value] of values.entries()) {
        if (!Number.isFinite(value)) throw malformed([...path, i], 'is not a finite number');
        view.setFloat64(8 * i, value);
      }
      return out;
    },
    decode(value, path) {
      const packedBytes = bytes(0, 8 * max).decode(value, path);
      if (packedBytes.length % 8 !== 0) throw malformed(path, 'is not a whole number of doubles');
      const view = new DataView(packedBytes.buffer, packedBytes.byteOffset, packedBytes.length);
      return Float64Array.from({ length: packedBytes.length / 8 }, (_, i) => {
        const number = view.getFloat64(8 * i);
        if (!Number.isFinite(number)) throw malformed([...path, i], 'is not a finite number');
        return number;
      });
    },
  };
}

/** An array of at most `max` items. */
export function list<T>(item: Codec<T>, max: number): Codec<readonly T[]> {
  const each = <A, B>(values: readonly A[], path: Path, convert: (value: A, path: Path) => B): B[] => {
    if (values.length > max) throw malformed(path, `has more than ${max} items`);
    return values.map((value, i) => within(path, i, () => convert(value, path)));
  };
  return {
    encode: (values, path) => each(values, path, item.encode),
    decode(value, path) {
      if (!Array.isArray(value)) throw malformed(path, 'is not an array');
      return each(value as readonly CborValue[], path, item.decode);
    },
  };
}

/** A map from text of at most `keyBytes` bytes, with at most `max` entries, as an object. */
export function dictionary<T>(
  item: Codec<T>,
  keyBytes: number,
  max: number,
): Codec<Readonly<Record<string, T>>> {
  const entries = mapping(text(keyBytes), item, max);
  return {
    encode: (value, path) => entries.encode(new Map(Object.entries(value)), path),
    // A null prototype: keys come from strangers.
    decode: (value, path) =>
      Object.assign(
        Object.create(null) as Record<string, T>,
        Object.fromEntries(entries.decode(value, path)),
      ),
  };
}

/** A map with at most `max` entries; its keys are text in memory and in the encoding. */
export function mapping<T>(key: Codec<string>, item: Codec<T>, max: number): Codec<ReadonlyMap<string, T>> {
  const each = <A, B>(values: ReadonlyMap<string, A>, path: Path, convert: (value: A, path: Path) => B) => {
    if (values.size > max) throw malformed(path, `has more than ${max} entries`);
    const out = new Map<string, B>();
    for (const [name, value] of values) {
      key.decode(name, path);
      out.set(
        name,
        within(path, name, () => convert(value, path)),
      );
    }
    return out;
  };
  return {
    encode: (values, path) => each(values, path, item.encode),
    decode: (value, path) => each(asMap(value, path), path, item.decode),
  };
}

/** 32 bytes in hexadecimal, as text: for keys of maps. */
export const hex32Text: Codec<string> = plain(
  (value): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
  '32 bytes in lower-case hexadecimal',
);

type RequiredKeys<T> = { [K in keyof T]-?: object extends Pick<T, K> ? never : K }[keyof T];

/** Codecs of a record's fields: `required` ones are always there, `optional` ones may be left out. */
export interface Fields<T> {
  required: { [K in RequiredKeys<T>]: Codec<T[K]> };
  optional?: { [K in Exclude<keyof T, RequiredKeys<T>>]: Codec<Exclude<T[K], undefined>> };
}

/** A map with exactly these fields, as an object. */
export function record<T extends object>(fields: Fields<T>): Codec<T> {
  const required = new Map(Object.entries(fields.required)) as Map<string, Codec<unknown>>;
  const optional = new Map(Object.entries(fields.optional ?? {})) as Map<string, Codec<unknown>>;
  const each = <A, B>(
    values: ReadonlyMap<string, A>,
    path: Path,
    convert: (codec: Codec<unknown>, value: A, path: Path) => B,
  ): Map<string, B> => {
    for (const name of required.keys())
      if (!values.has(name)) throw malformed(path, `lacks the field ${name}`);
    const out = new Map<string, B>();
    for (const [name, value] of values) {
      const codec = required.get(name) ?? optional.get(name);
      if (codec === undefined) throw malformed(path, `has an unknown field ${JSON.stringify(name)}`);
      out.set(
        name,
        within(path, name, () => convert(codec, value, path)),
      );
    }
    return out;
  };
  return {
    encode: (value, path) =>
      each(new Map(Object.entries(value)), path, (codec, v, at) => codec.encode(v, at)),
    decode: (value, path) =>
      Object.fromEntries(each(asMap(value, path), path, (codec, v, at) => codec.decode(v, at))) as T,
  };
}

/** One of several records, told apart by the text in the field `tag`. */
export function variant<K extends string, T extends { [P in K]: string }>(
  tag: K,
  cases: { [C in T[K]]: Codec<Extract<T, { [P in K]: C }>> },
): Codec<T> {
  const codecs = new Map<unknown, Codec<unknown>>(Object.entries(cases));
  const codecOf = (name: unknown, path: Path): Codec<unknown> => {
    const codec = codecs.get(name);
    if (codec === undefined) throw malformed(path, `has an unknown ${tag}`);
    return codec;
  };
  return {
    encode: (value, path) => codecOf(value[tag], path).encode(value, path),
    decode: (value, path) => codecOf(asMap(value, path).get(tag), path).decode(value, path) as T,
  };
}

/** Exactly this text. */
export function literal<T extends string>(expected: T): Codec<T> {
  return plain((value): value is T => value === expected, JSON.stringify(expected));
}

/** One of these texts. */
export function oneOf<const T extends string>(expected: readonly T[]): Codec<T> {
  return plain(
    (value): value is T => (expected as readonly unknown[]).includes(value),
    `one of ${expected.join(', ')}`,
  );
}

/** `null`, or a value. */
export function nullable<T>(item: Codec<T>): Codec<T | null> {
  return {
    encode: (value, path) => (value === null ? null : item.encode(value, path)),
    decode: (value, path) => (value === null ? null : item.decode(value, path)),
  };
}

/** A value with a text that stands for one case of it. */
export function orLiteral<T extends object, L extends string>(item: Codec<T>, word: L): Codec<T | L> {
  const isWord = (value: T | L): value is L => value === word;
  return {
    encode: (value, path) => (isWord(value) ? word : item.encode(value, path)),
    decode: (value, path) => (value === word ? word : item.decode(value, path)),
  };
}

function asMap(value: CborValue, path: Path): ReadonlyMap<string, CborValue> {
  if (!(value instanceof Map)) throw malformed(path, 'is not a map');
  return value as ReadonlyMap<string, CborValue>;
}

function within<T>(path: Path, step: string | number, run: () => T): T {
  path.push(step);
  const result = run();
  path.pop();
  return result;
}
