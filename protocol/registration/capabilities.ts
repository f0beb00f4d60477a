import { TesseraError } from '../errors.ts';

/** What a node offers to prove for others, as it says of itself: nobody has checked it. */
export interface NodeCapabilities {
  /** 1 … 65,535. */
  cores: number;
  /** MiB that provers may use for others, all together: 1 … 2^32 − 1. */
  memory: number;
  /** Segments proven at once: 1 … 65,535. */
  places: number;
  /** 0 … 255. */
  gpus: number;
  /** The least that is asked for a million units of the cost model, in the chain's smallest unit: below 2^64. */
  price: bigint;
  /** By the prover's name, what it does while all places are taken: thousands of units a second, 1 … 2^24 − 1. */
  speeds: ReadonlyMap<string, number>;
}

/** Bytes of the encoding: one word of a contract. */
const capabilitiesBytes = 32;

const version = 1;

/** Every prover that can be named, by its code. */
const provers = new Map([
  [1, 'ezkl'],
  [2, 'groth16'],
]);

const slots = 3;

/** Where each field stands: byte, and number of bytes. */
const fields = {
  cores: [1, 2],
  memory: [3, 4],
  places: [7, 2],
  gpus: [9, 1],
  price: [10, 8],
} as const;
/** Then so many slots of a code in one byte and a speed in three; then zeros. */
const firstSlot = 18;

/**
 * @param capabilities nothing for a node that proves nothing for others
 * @returns 32 bytes
 * @throws TesseraError `ENCODING_INVALID` for a number out of its range, or a prover without a code
 */
export function encodeCapabilities(capabilities: NodeCapabilities | undefined): Uint8Array {
  const bytes = new Uint8Array(capabilitiesBytes);
  if (capabilities === undefined) return bytes;
  bytes[0] = version;
  const { speeds, ...numbers } = capabilities;
  for (const [name, [at, length]] of Object.entries(fields)) {
    write(bytes, at, length, numbers[name as keyof typeof numbers], name);
  }
  const coded = [...provers].filter(([, name]) => speeds.has(name));
  if (coded.length !== speeds.size || coded.length > slots) {
    throw invalid(`there is no code for each of its provers ${[...speeds.keys()].join(', ')}`);
  }
  for (const [slot, [code, name]] of coded.entries()) {
    const at = firstSlot + 4 * slot;
    bytes[at] = code;
    write(bytes, at + 1, 3, speeds.get(name) ?? 0, `the speed of ${name}`);
  }
  // The one way to know that whoever reads it takes it.
  decodeCapabilities(bytes);
  return bytes;
}

/**
 * @returns nothing for 32 zeros: a node that proves nothing for others
 * @throws TesseraError `ENCODING_INVALID` for bytes that {@link encodeCapabilities} does not give
 */
export function decodeCapabilities(bytes: Uint8Array): NodeCapabilities | undefined {
  if (bytes.length !== capabilitiesBytes) throw invalid(`they have ${bytes.length} bytes`);
  if (bytes.every((byte) => byte === 0)) return undefined;
  if (bytes[0] !== version)
    throw invalid(`they are of version ${bytes[0]}, and this program reads ${version}`);
  const field = (name: keyof typeof fields) => {
    const [at, length] = fields[name];
    return read(bytes, at, length);
  };
  const number = (name: keyof typeof fields) => Number(field(name));
  const found = {
    cores: number('cores'),
    memory: number('memory'),
    places: number('places'),
    gpus: number('gpus'),
    price: field('price'),
    speeds: readSpeeds(bytes),
  };
  if (found.cores === 0 || found.memory === 0 || found.places === 0) {
    throw invalid('they have no cores, no memory or no places');
  }
  return found;
}

/** Codes ascend, and after the last slot that is used there are zeros only: one encoding for each meaning. */
function readSpeeds(bytes: Uint8Array): Map<string, number> {
  const speeds = new Map<string, number>();
  let last = 0;
  for (let slot = 0; slot < slots; slot++) {
    const at = firstSlot + 4 * slot;
    const code = bytes[at] ?? 0;
    if (code === 0) break;
    const name = provers.get(code);
    if (name === undefined || code <= last)
      throw invalid(`the prover of code ${code} is unknown or out of order`);
    const speed = Number(read(bytes, at + 1, 3));
    if (speed === 0) throw invalid(`${name} has no speed`);
    speeds.set(name, speed);
    last = code;
  }
  if (speeds.size === 0) throw invalid('they name no prover');
  if (bytes.subarray(firstSlot + 4 * speeds.size).some((byte) => byte !== 0)) {
    throw invalid('there is something after their end');
  }
  return speeds;
}

function write(bytes: Uint8Array, at: number, length: number, value: number | bigint, name: string): void {
  const whole = typeof value === 'bigint' || Number.isSafeInteger(value) ? BigInt(value) : -1n;
  if (whole < 0n || whole >> BigInt(8 * length) !== 0n) {
    throw invalid(`${name} is ${value}, which does not fit ${length} bytes`);
  }
  for (let i = 0; i < length; i++) {
    bytes[at + i] = Number((whole >> BigInt(8 * (length - 1 - i))) & 0xffn);
  }
}

/** Big-endian. */
function read(bytes: Uint8Array, at: number, length: number): bigint {
  return bytes.subarray(at, at + length).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function invalid(why: string): TesseraError {
  return new TesseraError('ENCODING_INVALID', { message: `The capabilities are refused: ${why}` });
}
