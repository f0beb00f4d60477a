import type { Hex32 } from '../../../protocol/edge.ts';
import type { Commitments } from '../../../protocol/job/index.ts';
import type { ProofVerifier } from '../../../protocol/verifier.ts';
import { throwIfAborted } from '../../abort.ts';
import { commitBlock } from '../../job/commit-block.ts';
import type { Job } from '../job.ts';

export interface FixOptions {
  /** Indices of the segments whose ports are committed to; all unless given. */
  segments?: readonly number[];
  signal?: AbortSignal | undefined;
}

/**
 * The commitments of all blocks of a job's edges, from the one execution; every proof is held against them.
 *
 * @param srsFiles whole SRS files, by id
 */
export async function fixCommitments(
  { compiled, plans, values, blindings }: Job,
  verifiers: readonly ProofVerifier[],
  srsFiles: ReadonlyMap<Hex32, Uint8Array>,
  { segments, signal }: FixOptions = {},
): Promise<Commitments> {
  const { graph, circuits } = compiled;
  const commitments: Uint8Array[][] = graph.edges.map(() => []);
  for (const [index, segment] of graph.segments.entries()) {
    if (segments?.includes(index) === false) continue;
    const circuit = circuits[segment.circuit];
    const plan = plans[index];
    const ports = [
      ...segment.inputs.map((ref, port) => ({ ref, type: circuit?.inputs[port], name: plan?.inputs[port] })),
      ...segment.outputs.map((ref, port) => ({
        ref,
        type: circuit?.outputs[port],
        name: plan?.outputs[port],
      })),
    ];
    for (const { ref, type, name = '' } of ports) {
      const blocks = commitments[ref.edge];
      if (blocks === undefined || type === undefined || blocks[ref.block] !== undefined) continue;
      throwIfAborted(signal);
      const { scheme } = type;
      blocks[ref.block] = await commitBlock(type, values.get(name) ?? [], {
        blinding: blindings.get(name),
        srs: scheme.name === 'kzg' ? srsFiles.get(scheme.srs) : undefined,
        verifiers,
      });
    }
  }
  return commitments;
}
