import { TesseraError } from '../../../../protocol/errors.ts';

/** Where a circuit's keys come from; an artifact of the circuit, so that a certificate carries it. */
export type SetupRecord =
  | { trust: 'development'; constraints: string }
  | {
      trust: 'ceremony';
      /** sha2-256 of the constraint system, hexadecimal. */
      constraints: string;
      /** sha2-256 of the ceremony's transcript, hexadecimal. */
      transcript: string;
      powersContributors: number;
      circuitContributors: number;
    };

const maxRecordBytes = 1024;

function canonical(record: SetupRecord): string {
  return record.trust === 'development'
    ? JSON.stringify({ trust: record.trust, constraints: record.constraints })
    : JSON.stringify({
        trust: record.trust,
        constraints: record.constraints,
        transcript: record.transcript,
        powersContributors: record.powersContributors,
        circuitContributors: record.circuitContributors,
      });
}

/** The record's one encoding: JSON without spaces, members in the order of the type. */
export function writeSetupRecord(record: SetupRecord): Uint8Array {
  return new TextEncoder().encode(canonical(record));
}

const isDigest = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 1;

/** @throws TesseraError `ENCODING_INVALID` for anything that {@link writeSetupRecord} does not write */
export function readSetupRecord(bytes: Uint8Array): SetupRecord {
  const malformed = (cause?: unknown) =>
    new TesseraError('ENCODING_INVALID', { message: 'The record of the setup is malformed', cause });
  if (bytes.length > maxRecordBytes) throw malformed();
  let text: string;
  let record: SetupRecord;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    record = JSON.parse(text) as SetupRecord;
  } catch (cause) {
    throw malformed(cause);
  }
  if (record === null || typeof record !== 'object' || !isDigest(record.constraints)) throw malformed();
  const known =
    record.trust === 'development' ||
    (record.trust === 'ceremony' &&
      isDigest(record.transcript) &&
      isCount(record.powersContributors) &&
      isCount(record.circuitContributors));
  if (!known || canonical(record) !== text) throw malformed();
  return record;
}
