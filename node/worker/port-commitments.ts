import { TesseraError } from '../../protocol/errors.ts';
import type { BlockRef } from '../../protocol/graph.ts';
import type { ProofVerifier } from '../../protocol/verifier.ts';
import { readWhole } from '../artifacts/read-whole.ts';
import { commitBlock } from '../job/commit-block.ts';
import type { Boundary } from '../provers/prover.ts';
import type { FetchedSegment } from './fetch-segment.ts';

/** What an executed segment gives at one port. */
export interface PortCommitment {
  ref: BlockRef;
  /** In the scheme's canonical bytes. */
  computed: Uint8Array;
}

/**
 * What a proof of an executed segment will bind at each port, inputs before outputs.
 *
 * @throws TesseraError `ENCODING_INVALID` where the circuit has fewer ports than the segment, and as `commitBlock`
 */
export async function* portCommitments(
  { segment, circuit, files, blindings }: FetchedSegment,
  { inputs, outputs }: Boundary,
  verifiers: readonly ProofVerifier[],
  signal?: AbortSignal,
): AsyncGenerator<PortCommitment, void, undefined> {
  const srsPath = files.get('srs');
  const srs = srsPath === undefined ? undefined : await readWhole(srsPath, signal);
  const sides = [
    { refs: segment.inputs, types: circuit.inputs, values: inputs, hidden: blindings?.inputs },
    { refs: segment.outputs, types: circuit.outputs, values: outputs, hidden: blindings?.outputs },
  ];
  for (const { refs, types, values, hidden } of sides) {
    for (const [port, ref] of refs.entries()) {
      const type = types[port];
      if (type === undefined)
        throw new TesseraError('ENCODING_INVALID', { message: `no type of port ${port}` });
      const means = { blinding: hidden?.[port], srs, verifiers, signal };
      yield { ref, computed: await commitBlock(type, values[port] ?? [], means) };
    }
  }
}
