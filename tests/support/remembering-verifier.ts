import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { sha256Hex } from '../../protocol/ids.ts';
import type { Opinion, ProofCheck, ProofVerifier } from '../../protocol/verifier.ts';

/**
 * A verifier that asks the engines once about what it has been asked before: an attack leaves most proofs of a
 * certificate as they were. Anything that differs in a single byte is put to the engines.
 */
export function remembering(verifier: ProofVerifier): ProofVerifier {
  const opinions = new Map<string, readonly Opinion[]>();
  return {
    ...verifier,
    async verify(check) {
      const key = keyOf(check);
      const known = opinions.get(key) ?? (await verifier.verify(check));
      opinions.set(key, known);
      return known;
    },
  };
}

function keyOf({ circuit, artifacts, proof, srs }: ProofCheck): string {
  const text = JSON.stringify(
    [
      circuit,
      Object.entries(artifacts).map(([role, bytes]) => [role, sha256Hex(bytes)]),
      proof.publicInputs,
      sha256Hex(srs),
    ],
    (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value),
  );
  return sha256Hex(concatBytes(utf8ToBytes(text), proof.bytes));
}
