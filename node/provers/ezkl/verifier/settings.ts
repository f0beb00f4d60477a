/**
 * ezkl's settings.json (GraphSettings of 23.0.5), read with bounds. Only what verification rests on is kept;
 * the bytes themselves go to the engines unchanged but for the edits of `engine-opinion.ts`.
 */
import { TesseraError } from '../../../../protocol/errors.ts';

/** How one side of a circuit is bound; other visibilities are kept by name, to be reported. */
export type Visibility = 'Public' | 'KZGCommit' | 'Fixed' | 'Private' | 'Hashed';

export interface EzklSettings {
  version: string;
  k: number;
  inputVisibility: Visibility;
  outputVisibility: Visibility;
  paramVisibility: Visibility;
  decompBase: number;
  decompLegs: number;
  ignoreRangeCheck: boolean;
  disableFreivalds: boolean;
  inputScales: readonly number[];
  outputScales: readonly number[];
  /** ezkl's names of the inputs' element types (`F32`, `Bool`, …). */
  inputTypes: readonly string[];
  /** Element counts of the public tensors, inputs before outputs. */
  publicSizes: readonly number[];
  /** Element counts of the committed tensors, inputs before outputs. */
  committedSizes: readonly number[];
  /** Operations proven by a table, as ezkl writes them. */
  lookups: readonly string[];
  /** Closed intervals that the circuit has range-check tables for. */
  rangeChecks: readonly (readonly [number, number])[];
}

const maxBytes = 1 << 20;
/** Advice columns that the engines may be made to allocate for. */
const maxColumns = 65_536;
const maxPorts = 1_024;
const maxElements = 2 ** 28;

function malformed(path: string, why: string): TesseraError {
  return new TesseraError('ENCODING_INVALID', { message: `settings.json: ${path} ${why}` });
}

/** A JSON value with its path, so that every error names the field. */
class Field {
  readonly #value: unknown;
  readonly #path: string;

  constructor(value: unknown, path: string) {
    this.#value = value;
    this.#path = path;
  }

  get(name: string): Field {
    const value = this.#value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw malformed(this.#path, 'is not an object');
    }
    const path = this.#path === '' ? name : `${this.#path}.${name}`;
    if (!Object.hasOwn(value, name)) throw malformed(path, 'is missing');
    return new Field((value as Record<string, unknown>)[name], path);
  }

  integer(lo: number, hi: number): number {
    const value = this.#value;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < lo || value > hi) {
      throw malformed(this.#path, `is not an integer from ${lo} to ${hi}`);
    }
    return value;
  }

  boolean(): boolean {
    if (typeof this.#value !== 'boolean') throw malformed(this.#path, 'is not true or false');
    return this.#value;
  }

  text(): string {
    if (typeof this.#value !== 'string' || this.#value.length > 256) {
      throw malformed(this.#path, 'is not a string of at most 256 characters');
    }
    return this.#value;
  }

  list<T>(max: number, read: (item: Field) => T): T[] {
    if (!Array.isArray(this.#value) || this.#value.length > max) {
      throw malformed(this.#path, `is not a list of at most ${max}`);
    }
    return this.#value.map((item, i) => read(new Field(item, `${this.#path}[${i}]`)));
  }

  /** The value of a field that ezkl may leave out as `null`. */
  optional<T>(read: (field: Field) => T): T | undefined {
    return this.#value === null ? undefined : read(this);
  }

  /** serde's form of an enum: a string, or an object of one key for variants that hold data. */
  variant(): string {
    const value = this.#value;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const [name, ...others] = Object.keys(value);
      if (name !== undefined && others.length === 0 && name.length <= 256) return name;
    }
    return this.text();
  }
}

const visibilities: ReadonlySet<string> = new Set(['Public', 'KZGCommit', 'Fixed', 'Private', 'Hashed']);

function readVisibility(field: Field): Visibility {
  const name = field.variant();
  if (!visibilities.has(name))
    throw malformed('run_args', `names an unknown visibility ${JSON.stringify(name)}`);
  return name as Visibility;
}

function decode(bytes: Uint8Array): unknown {
  if (bytes.length > maxBytes) throw malformed('the file', `is larger than ${maxBytes} bytes`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new TesseraError('ENCODING_INVALID', { message: 'settings.json is not JSON', cause });
  }
}

/**
 * @throws TesseraError `ENCODING_INVALID` for a field that is missing, of the wrong kind or out of bounds
 */
export function parseSettings(bytes: Uint8Array): EzklSettings {
  const root = new Field(decode(bytes), '');
  const run = root.get('run_args');
  const k = run.get('logrows').integer(1, 28);
  const cells = maxColumns * 2 ** k;
  const size = (field: Field) => field.integer(0, maxElements);
  // The engines lay out columns by these counts before they look at the key.
  run.get('num_inner_cols').integer(1, 64);
  for (const name of ['num_rows', 'total_assignments', 'total_const_size', 'total_dynamic_col_size']) {
    root.get(name).integer(0, cells);
  }
  for (const name of ['total_shuffle_col_size', 'num_dynamic_lookups', 'num_shuffles']) {
    root.get(name).integer(0, cells);
  }
  for (const bound of run.get('lookup_range').list(2, (item) => item.integer(-(2 ** 40), 2 ** 40))) {
    if (Math.abs(bound) > cells) throw malformed('run_args.lookup_range', 'is wider than the circuit');
  }

  return {
    version: root.get('version').text(),
    k,
    inputVisibility: readVisibility(run.get('input_visibility')),
    outputVisibility: readVisibility(run.get('output_visibility')),
    paramVisibility: readVisibility(run.get('param_visibility')),
    decompBase: run.get('decomp_base').integer(2, 2 ** k),
    decompLegs: run.get('decomp_legs').integer(1, 126),
    ignoreRangeCheck: run.get('ignore_range_check_inputs_outputs').boolean(),
    disableFreivalds: run.get('disable_freivalds').boolean(),
    inputScales: root.get('model_input_scales').list(maxPorts, (item) => item.integer(-64, 64)),
    outputScales: root.get('model_output_scales').list(maxPorts, (item) => item.integer(-64, 64)),
    inputTypes: root.get('input_types').optional((list) => list.list(maxPorts, (item) => item.text())) ?? [],
    publicSizes: root
      .get('model_instance_shapes')
      .list(2 * maxPorts, (shape) => shape.list(16, size).reduce((a, b) => a * b, 1)),
    committedSizes: root
      .get('module_sizes')
      .get('polycommit')
      .list(2 * maxPorts, size),
    lookups: root.get('required_lookups').list(maxPorts, (item) => item.variant()),
    rangeChecks: root.get('required_range_checks').list(maxPorts, (item) => {
      const [lo = 0, hi = -1] = item.list(2, (end) => end.integer(-cells, cells));
      if (lo > hi || hi - lo > cells)
        throw malformed('required_range_checks', 'holds an empty or too wide range');
      return [lo, hi] as const;
    }),
  };
}
