import type { Proof } from '../../protocol/certificate.ts';
import { equalBytes } from '../../protocol/check/equal-bytes.ts';
import { TesseraError } from '../../protocol/errors.ts';
import type { Graph } from '../../protocol/graph.ts';
import type { Circuit } from '../../protocol/manifest.ts';
import type { ProofVerifier } from '../../protocol/verifier.ts';

/**
 * The commitment of every block, `[edge][block]`, as the proofs of all segments that touch it bind it.
 *
 * @param proofs one a segment, in the graph's order
 * @param verifiers one for the adapter of every circuit
 * @throws TesseraError `PROVER_FAILED` when two proofs bind different values of one block: they cannot be linked
 */
export function bindCommitments(
  { edges, segments }: Graph,
  circuits: readonly Circuit[],
  proofs: readonly Proof[],
  verifiers: readonly Pick<ProofVerifier, 'adapter' | 'boundary'>[],
): Uint8Array[][] {
  const commitments: Uint8Array[][] = edges.map(() => []);
  for (const [index, segment] of segments.entries()) {
    const circuit = circuits[segment.circuit];
    const proof = proofs[index];
    if (circuit === undefined || proof === undefined) {
      throw new TesseraError('INTERNAL', { message: `segment ${segment.id} has no proof to certify` });
    }
    const verifier = verifiers.find(({ adapter }) => adapter === circuit.adapter);
    if (verifier === undefined) {
      throw new TesseraError('INTERNAL', { message: `no verifier for ${circuit.adapter}` });
    }
    const bound = verifier.boundary(circuit, proof);
    const ports = [
      ...segment.inputs.map((ref, port) => ({ ...ref, bytes: bound.inputs[port] })),
      ...segment.outputs.map((ref, port) => ({ ...ref, bytes: bound.outputs[port] })),
    ];
    for (const { edge, block, bytes } of ports) {
      const blocks = commitments[edge];
      if (blocks === undefined || bytes === undefined) {
        throw new TesseraError('INTERNAL', { message: `segment ${segment.id} has a port without an edge` });
      }
      const other = blocks[block];
      if (other !== undefined && !equalBytes(other, bytes)) {
        throw new TesseraError('PROVER_FAILED', {
          message: `Segment ${segment.id} binds other values of ${edges[edge]?.name} than its neighbour`,
          remedy: 'Cut the model at another tensor.',
          details: { segment: segment.id, edge: edges[edge]?.name },
        });
      }
      blocks[block] = bytes;
    }
  }
  return commitments;
}
