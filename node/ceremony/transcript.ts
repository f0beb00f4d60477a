import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { sha256Hex } from '../../protocol/ids.ts';

/**
 * What keys of a ceremony follow from, by the sha2-256 of each file. The contributions to a phase are in order; its
 * beacon, public randomness of a moment after the last of them, closes it.
 */
export interface Transcript {
  /** The constraint system. */
  constraints: Hex32;
  /** First phase: powers of a secret, good for every circuit of this size. */
  powers: readonly Hex32[];
  /** 1 to {@link maxBeaconBytes} bytes in hexadecimal. */
  powersBeacon?: string;
  /** Second phase: this very circuit. */
  circuit: readonly Hex32[];
  circuitBeacon?: string;
}

/** The phase that takes contributions, or `finished`. */
export type CeremonyPhase = 'powers' | 'circuit' | 'finished';

const maxBeaconBytes = 1024;
/** Of one phase. */
export const maxContributions = 1024;
/** Longer than any transcript within these bounds. */
export const maxTranscriptBytes = 2 ** 18;

/** Where a ceremony stands. */
export function phaseOf({ powersBeacon, circuitBeacon }: Transcript): CeremonyPhase {
  if (powersBeacon === undefined) return 'powers';
  return circuitBeacon === undefined ? 'circuit' : 'finished';
}

/** A transcript's one encoding: JSON without spaces, members in the order of the type. */
export function encodeTranscript({
  constraints,
  powers,
  powersBeacon,
  circuit,
  circuitBeacon,
}: Transcript): Uint8Array {
  // Members that are undefined are left out.
  const text = JSON.stringify({ version, constraints, powers, powersBeacon, circuit, circuitBeacon });
  return new TextEncoder().encode(text);
}

/** sha2-256 of the encoding: what a setup's record names. */
export function transcriptDigest(transcript: Transcript): Hex32 {
  return sha256Hex(encodeTranscript(transcript));
}

/** @throws TesseraError `ENCODING_INVALID` for anything that {@link encodeTranscript} does not write */
export function decodeTranscript(bytes: Uint8Array): Transcript {
  const malformed = (cause?: unknown) =>
    new TesseraError('ENCODING_INVALID', {
      message: 'The transcript of the ceremony is malformed',
      remedy: 'Copy the folder again from whoever contributed last.',
      cause,
    });
  if (bytes.length > maxTranscriptBytes) throw malformed();
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw malformed(cause);
  }
  if (!isTranscript(value)) throw malformed();
  const { constraints, powers, powersBeacon, circuit, circuitBeacon } = value;
  const transcript: Transcript = {
    constraints,
    powers,
    ...(powersBeacon === undefined ? {} : { powersBeacon }),
    circuit,
    ...(circuitBeacon === undefined ? {} : { circuitBeacon }),
  };
  if (!sameBytes(encodeTranscript(transcript), bytes)) throw malformed();
  return transcript;
}

/** @throws TesseraError `USAGE` unless it is 1 to {@link maxBeaconBytes} bytes in lower-case hexadecimal */
export function requireBeacon(beacon: string): void {
  if (!isBeacon(beacon)) {
    throw new TesseraError('USAGE', {
      message: `A beacon is 1 to ${maxBeaconBytes} bytes in hexadecimal`,
      remedy: 'Take public randomness that nobody knew before the last contribution, e.g. a block hash.',
    });
  }
}

const version = 1;

const isDigest = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const isBeacon = (value: unknown): boolean =>
  typeof value === 'string' && value.length <= 2 * maxBeaconBytes && /^([0-9a-f]{2})+$/.test(value);
const isPhase = (value: unknown): boolean =>
  Array.isArray(value) && value.length <= maxContributions && value.every(isDigest);

function isTranscript(value: unknown): value is Transcript {
  if (typeof value !== 'object' || value === null) return false;
  const { constraints, powers, powersBeacon, circuit, circuitBeacon } = value as Partial<Transcript>;
  if (!isDigest(constraints) || !isPhase(powers) || !isPhase(circuit)) return false;
  if (powersBeacon === undefined) return circuit?.length === 0 && circuitBeacon === undefined;
  if (!isBeacon(powersBeacon) || powers?.length === 0) return false;
  return circuitBeacon === undefined || (isBeacon(circuitBeacon) && circuit?.length !== 0);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
