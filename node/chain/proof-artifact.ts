import { decodeAbiParameters, encodeAbiParameters, type Hex, hexToBytes, toHex } from 'viem';
import type { Proof } from '../../protocol/certificate.ts';

/**
 * Bytes of the largest proof artifact. A challenge is answered by a transaction with all of it, and nodes pass on none
 * above 128 KiB; the adapters register no circuit with longer proofs. So an artifact is one block of the artifacts' store,
 * and whoever knows its digest knows its CID.
 */
export const maxProofArtifactBytes = 2 ** 17;

/** A proof as the contracts' `Proof`. */
export interface ProofArgument {
  publicInputs: readonly bigint[];
  data: Hex;
}

export const proofArgument = ({ publicInputs, bytes }: Proof): ProofArgument => ({
  publicInputs,
  data: toHex(bytes),
});

export const proofOf = ({ publicInputs, data }: ProofArgument): Proof => ({
  publicInputs,
  bytes: hexToBytes(data),
});

const parameters = [
  {
    type: 'tuple',
    components: [
      { name: 'publicInputs', type: 'uint256[]' },
      { name: 'data', type: 'bytes' },
    ],
  },
] as const;

/** The artifact of a proof, whose hash an optimistic submission is: the ABI encoding of the contracts' `Proof`. */
export function encodeProofArtifact(proof: Proof): Hex {
  return encodeAbiParameters(parameters, [proofArgument(proof)]);
}

/** A proof from its artifact, as the contracts decode it; nothing where the bytes are none. */
export function decodeProofArtifact(artifact: Uint8Array): Proof | undefined {
  try {
    return proofOf(decodeAbiParameters(parameters, artifact)[0]);
  } catch {
    // Whatever is wrong with it, the contract could not decode it either.
    return undefined;
  }
}
