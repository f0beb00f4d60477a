/** CBOR in its one deterministic form: RFC 8949 §4.2.1 without tags, floats, `undefined` and simple values. */
import { decode, encode, rfc8949EncodeOptions, type Token, Tokenizer, Type } from 'cborg';
import { TesseraError } from '../errors.ts';

/** The part of CBOR's data model that formats use. Numbers are safe integers. */
export type CborValue =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | ReadonlyMap<string, CborValue>;

/** Limits that hold before anything is allocated. */
export interface CborLimits {
  /** Length of the whole. */
  bytes: number;
  /** Data items of every kind, keys included. */
  items: number;
  /** Arrays and maps within one another. */
  depth: number;
}

/** Encodes a value in its only form: shortest heads, definite lengths, map keys in bytewise order. */
export function encodeCbor(value: CborValue): Uint8Array {
  return encode(value, rfc8949EncodeOptions);
}

/**
 * Decodes bytes that are in canonical form; maps become `Map`s.
 *
 * @throws TesseraError `ENCODING_INVALID` for any other bytes, or for more than the limits allow
 */
export function decodeCbor(bytes: Uint8Array, limits: CborLimits): CborValue {
  if (bytes.length > limits.bytes) throw invalid(`${bytes.length} bytes, above the limit of ${limits.bytes}`);
  const options = { strict: true, allowIndefinite: false, allowUndefined: false, allowBigInt: false };
  let value: CborValue;
  try {
    value = decode(bytes, {
      ...options,
      useMaps: true,
      rejectDuplicateMapKeys: true,
      tokenizer: new BoundedTokenizer(bytes, options, limits),
    });
  } catch (cause) {
    if (cause instanceof TesseraError) throw cause;
    throw invalid(cause instanceof Error ? cause.message : String(cause), cause);
  }
  // The order of keys, invalid UTF-8 and whatever else has two forms shows only here.
  const canonical = encodeCbor(value);
  if (canonical.length !== bytes.length || canonical.some((byte, i) => byte !== bytes[i])) {
    throw invalid('the encoding is not the canonical one');
  }
  return value;
}

/** Counts items and depth as they come, and refuses the kinds that no format uses. */
class BoundedTokenizer extends Tokenizer {
  readonly #limits: CborLimits;
  readonly #length: number;
  #items = 0;
  /** Every array and map that is open, and the items that it still waits for. */
  readonly #open: { isMap: boolean; waiting: number }[] = [];

  constructor(bytes: Uint8Array, options: ConstructorParameters<typeof Tokenizer>[1], limits: CborLimits) {
    super(bytes, options);
    this.#limits = limits;
    this.#length = bytes.length;
  }

  override next(): Token {
    if (this.done()) throw invalid('the bytes end too early');
    const token = super.next();
    this.#items += 1;
    if (this.#items > this.#limits.items) throw invalid(`more than ${this.#limits.items} items`);
    const isText = Type.equals(token.type, Type.string);
    const around = this.#innermost();
    if (around?.isMap === true && around.waiting % 2 === 0 && !isText) throw invalid('a key is not text');
    if (around !== undefined) around.waiting -= 1;

    if (Type.equals(token.type, Type.array)) this.#enter(false, token.value);
    else if (Type.equals(token.type, Type.map)) this.#enter(true, 2 * token.value);
    else if (!isText && !others.some((type) => Type.equals(token.type, type))) {
      throw invalid(`an item of type ${token.type.name}, which no format uses`);
    }
    return token;
  }

  /** The array or map that the next item belongs to. */
  #innermost() {
    while (this.#open.at(-1)?.waiting === 0) this.#open.pop();
    return this.#open.at(-1);
  }

  #enter(isMap: boolean, waiting: number): void {
    if (waiting > this.#length - this.pos()) throw invalid('a count is larger than what follows');
    this.#open.push({ isMap, waiting });
    if (this.#open.length > this.#limits.depth) throw invalid(`nested deeper than ${this.#limits.depth}`);
  }
}

/** Kinds beside arrays, maps and text that a format may use. */
const others = [Type.uint, Type.negint, Type.bytes, Type.true, Type.false, Type.null];

function invalid(why: string, cause?: unknown): TesseraError {
  return new TesseraError('ENCODING_INVALID', {
    message: `CBOR: ${why}`,
    ...(cause === undefined ? {} : { cause }),
  });
}
