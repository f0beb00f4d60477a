/** The JSON files that ezkl reads and writes: field elements are 64 hexadecimal digits, little-endian. */
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { Proof } from '../../../protocol/certificate.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { fromField, toField } from '../../../protocol/field.ts';

/** The input file of a run: integers of any sign, one list a port. */
export function encodeInputs(inputs: readonly (readonly bigint[])[]): string {
  return JSON.stringify({ input_data: inputs.map((port) => port.map(encodeElement)) });
}

/** The outputs in a witness file, as integers in (−r/2, r/2), one list a port. */
export function readOutputs(witness: string): bigint[][] {
  const { outputs } = JSON.parse(witness) as { outputs?: unknown };
  return lists(outputs, 'outputs').map((port) => port.map(fromField));
}

/** The smallest and largest values that a witness looks up in tables; zeros when it looks up none. */
export function readLookups(witness: string): { lo: number; hi: number } {
  const { min_lookup_inputs: lo, max_lookup_inputs: hi } = JSON.parse(witness) as Record<string, unknown>;
  if (typeof lo !== 'number' || typeof hi !== 'number') throw malformed('lookup bounds');
  return { lo, hi };
}

/** The proof in a proof file. */
export function readProof(text: string): Proof {
  const { instances, hex_proof: hex } = JSON.parse(text) as { instances?: unknown; hex_proof?: unknown };
  if (typeof hex !== 'string' || !/^0x([0-9a-f]{2})+$/.test(hex)) throw malformed('hex_proof');
  return { publicInputs: lists(instances, 'instances').flat(), bytes: hexToBytes(hex.slice(2)) };
}

function encodeElement(value: bigint): string {
  return bytesToHex(numberToBytesLE(toField(value), 32));
}

function lists(value: unknown, field: string): bigint[][] {
  if (!Array.isArray(value)) throw malformed(field);
  return value.map((list: unknown) => {
    if (!Array.isArray(list)) throw malformed(field);
    return list.map((text: unknown) => {
      if (typeof text !== 'string' || !/^[0-9a-f]{64}$/.test(text)) throw malformed(field);
      return bytesToNumberLE(hexToBytes(text));
    });
  });
}

function malformed(field: string): TesseraError {
  return new TesseraError('PROVER_FAILED', { message: `ezkl wrote a file whose ${field} cannot be read` });
}
