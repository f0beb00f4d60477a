import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { pauses } from '../../protocol/check/pauses.ts';
import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import type { BlockRef } from '../../protocol/graph.ts';
import type { ProofVerifier } from '../../protocol/verifier.ts';
import { commitBlock } from '../job/commit-block.ts';
import { blocksByTensor } from '../model/tile/index.ts';
import type { Job } from './job.ts';
import { together } from './together.ts';

/** Blocks that are committed to at a time: each may take a thread with a copy of its values. */
const atATime = Math.min(4, availableParallelism());

export interface CommitOptions {
  /** Indices of the segments whose ports are committed to; all edges unless given. */
  segments?: readonly number[];
  signal?: AbortSignal | undefined;
}

/**
 * The commitments of all blocks of a job's edges, `[edge][block]`, from the one execution and before anything is proven;
 * every proof is held against them.
 *
 * @param srsFiles whole SRS files, by id
 * @throws TesseraError as {@link commitBlock}
 */
export async function commitEdges(
  { compiled, cut, values, blindings }: Pick<Job, 'compiled' | 'cut' | 'values' | 'blindings'>,
  verifiers: readonly ProofVerifier[],
  srsFiles: ReadonlyMap<Hex32, Uint8Array>,
  { segments, signal }: CommitOptions = {},
): Promise<Uint8Array[][]> {
  const { graph } = compiled;
  const divided = blocksByTensor(cut.blocks);
  const commitments: Uint8Array[][] = graph.edges.map(() => []);
  const limit = pLimit(atATime);
  // Small blocks are computed in this thread, one after another.
  const pause = pauses(undefined);

  const commit = async ({ edge, block }: BlockRef, running: AbortSignal): Promise<void> => {
    await pause();
    const { name: tensor, type, blocks } = graph.edges[edge] ?? {};
    const box = blocks?.[block];
    if (tensor === undefined || type === undefined || box === undefined) {
      throw new TesseraError('INTERNAL', { message: `there is no block ${block} of edge ${edge}` });
    }
    const name = divided.get(tensor)?.[block]?.name ?? tensor;
    const bytes = await commitBlock({ ...type, shape: box.size }, values.get(name) ?? [], {
      blinding: blindings.get(name),
      srs: type.scheme.name === 'kzg' ? srsFiles.get(type.scheme.srs) : undefined,
      verifiers,
      signal: running,
    });
    (commitments[edge] as Uint8Array[])[block] = bytes;
  };
  const refs = segments === undefined ? allBlocks(graph) : portsOf(graph, segments);
  await together((running) => refs.map((ref) => limit(() => commit(ref, running))), signal);
  return commitments;
}

function allBlocks({ edges }: Job['compiled']['graph']): BlockRef[] {
  return edges.flatMap(({ blocks }, edge) => blocks.map((_, block) => ({ edge, block })));
}

/** Each once, where two ports are of the same block. */
function portsOf({ segments }: Job['compiled']['graph'], indices: readonly number[]): BlockRef[] {
  const refs = new Map<string, BlockRef>();
  for (const index of indices) {
    const { inputs = [], outputs = [] } = segments[index] ?? {};
    for (const ref of [...inputs, ...outputs]) refs.set(`${ref.edge}/${ref.block}`, ref);
  }
  return [...refs.values()];
}
