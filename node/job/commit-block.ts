import type { EdgeType } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { writeIntegers } from '../../protocol/field.ts';
import type { ProofVerifier } from '../../protocol/verifier.ts';
import { throwIfAborted } from '../abort.ts';
import { commitPoseidon2 } from './commit-poseidon2.ts';

/** What committing takes besides the values. */
export interface CommitMeans {
  /** For a blinded port. */
  blinding?: bigint | undefined;
  /** The SRS file of a `kzg` port. */
  srs?: Uint8Array | undefined;
  verifiers: readonly Pick<ProofVerifier, 'kzg'>[];
  signal?: AbortSignal | undefined;
}

/**
 * What a proof of these values binds at a port, in the scheme's canonical bytes.
 *
 * @param type of the port; its shape is the block's
 * @throws TesseraError `INPUT_INVALID` or `RANGE_EXCEEDED` for values that are not of the type, `SRS_INVALID`, `ABORTED`
 */
export async function commitBlock(
  type: EdgeType,
  values: readonly bigint[],
  { blinding, srs, verifiers, signal }: CommitMeans,
): Promise<Uint8Array> {
  throwIfAborted(signal);
  const { scheme, interval } = type;
  switch (scheme.name) {
    case 'public':
      return writeIntegers(values);
    case 'poseidon2':
      if (interval === 'unproven') {
        throw new TesseraError('INPUT_INVALID', { message: 'A poseidon2 port states its interval' });
      }
      return commitPoseidon2({ ...type, interval }, values, scheme.blinded ? blinding : undefined, signal);
    case 'kzg': {
      const kzg = verifiers.find((verifier) => verifier.kzg !== undefined)?.kzg;
      if (kzg === undefined || srs === undefined) {
        throw new TesseraError('SRS_INVALID', { message: `A kzg port’s SRS ${scheme.srs} is not at hand` });
      }
      return kzg.commit(type, values, srs, signal);
    }
  }
}
