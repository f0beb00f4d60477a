import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { sha256Hex } from '../../../protocol/ids.ts';
import type { Circuit } from '../../../protocol/manifest.ts';
import type { ArtifactCache } from '../../artifacts/cache.ts';
import type { StatedCircuit } from '../prover.ts';
import { openKeys, readKeyArtifacts } from './keys.ts';
import { readSetupRecord, type SetupRecord, writeSetupRecord } from './verifier/index.ts';

/**
 * The artifacts that a stated circuit must have, by digest, given the constraints that were made again.
 *
 * - Development keys: the record must name these constraints. Nobody but their maker can tie the verifying key itself to
 *   them, so the stated one stands; that is what trust `development` means.
 * - Keys of a ceremony: those that follow from its transcript, which `tessera ceremony finalize` verified on this machine.
 *
 * @throws TesseraError `KEYS_MISSING` when the circuit states a ceremony whose transcript was not finalised here,
 *   `ENCODING_INVALID` for a malformed record
 */
export async function auditedArtifacts(
  cache: ArtifactCache,
  constraints: Hex32,
  stated: StatedCircuit,
  signal?: AbortSignal,
): Promise<Circuit['artifacts']> {
  const development = sha256Hex(writeSetupRecord({ trust: 'development', constraints }));
  const { verifyingKey, setup } = stated.circuit.artifacts;
  const withKey = verifyingKey === undefined ? {} : { verifyingKey };
  if (setup === development) return { ...withKey, setup };
  const record = stated.artifacts.setup === undefined ? undefined : readSetupRecord(stated.artifacts.setup);
  // Without the record a bare manifest does not say what the keys come from: a ceremony known here may be it.
  if (record !== undefined && (record.trust === 'development' || record.constraints !== constraints)) {
    return { ...withKey, setup: development };
  }
  const keys = await ceremonyKeys(cache, constraints, record, signal);
  return keys ?? { ...withKey, setup: development };
}

async function ceremonyKeys(
  cache: ArtifactCache,
  constraints: Hex32,
  record: SetupRecord | undefined,
  signal?: AbortSignal,
): Promise<Circuit['artifacts'] | undefined> {
  const missing = new TesseraError('KEYS_MISSING', {
    message: `The transcript of the ceremony for the constraints ${constraints} has not been verified here`,
    remedy: `Fetch the transcript${record?.trust === 'ceremony' ? ` of digest ${record.transcript}` : ''} and run: tessera ceremony finalize FOLDER`,
    details: { constraints },
  });
  try {
    const entry = await openKeys(cache, constraints, 'ceremony', () => Promise.reject(missing), signal);
    try {
      const { verifyingKey, setup } = await readKeyArtifacts(entry);
      return { verifyingKey: sha256Hex(verifyingKey), setup: sha256Hex(setup) };
    } finally {
      await entry.release();
    }
  } catch (error) {
    if (error === missing && record === undefined) return undefined;
    throw error;
  }
}
