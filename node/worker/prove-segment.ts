import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { equalBytes } from '../../protocol/check/equal-bytes.ts';
import { TesseraError } from '../../protocol/errors.ts';
import type { BlockRef } from '../../protocol/graph.ts';
import { sha256Hex } from '../../protocol/ids.ts';
import type { ProofVerifier } from '../../protocol/verifier.ts';
import { throwIfAborted } from '../abort.ts';
import type { ArtifactAccess } from '../job/artifact-access.ts';
import type { Boundary } from '../provers/prover.ts';
import { type Provers, proverNamed } from '../provers/provers.ts';
import { type FetchedSegment, fetchSegment, type Guest } from './fetch-segment.ts';
import { portCommitments } from './port-commitments.ts';
import type { SegmentOutcome, SegmentWork } from './segment-work.ts';

export interface ProveSegmentInit {
  artifacts: ArtifactAccess;
  /** For jobs that this node is invited to. */
  guest?: Guest;
  provers: Provers;
  verifiers: readonly ProofVerifier[];
  /** Where a segment's files lie while it is worked on. */
  scratch: string;
  /** Bytes that all prover processes together may use. */
  memory: number;
}

/** Proves segments with this machine's provers. */
export function segmentProver(init: ProveSegmentInit): SegmentWork {
  const { artifacts, guest, provers, verifiers, scratch, memory } = init;
  return async (task, { signal, onStage, exclusively }) => {
    const directory = await mkdtemp(join(scratch, 'segment-'));
    try {
      onStage('fetching');
      const { job } = task.assignment;
      const fetched = await fetchSegment(task, artifacts, directory, signal, guest && { ...guest, job });
      const prover = proverNamed(provers, fetched.recipe.prover);
      const { source, recipe, circuit, files } = fetched;
      const call = { signal, memoryLimit: memory };
      const setup = await prover.setupMemory(source, recipe.params, call);
      requireRoom(setup, memory);
      const compiled = await exclusively(setup, () =>
        prover.openSegment(source, recipe.params, circuit, files, call),
      );
      try {
        requireRoom(compiled.provingMemory, memory);
        return await exclusively(compiled.provingMemory, async (): Promise<SegmentOutcome> => {
          throwIfAborted(signal);
          onStage('checking');
          const boundary = await prover.execute(compiled, fetched.inputs, call);
          const mismatch = await compareEdges(fetched, boundary, verifiers);
          if (mismatch !== undefined) return mismatch;
          throwIfAborted(signal);
          onStage('proving');
          const { blindings } = fetched;
          const proof = await prover.prove(compiled, fetched.inputs, {
            ...call,
            ...(blindings === undefined
              ? {}
              : {
                  blindings: {
                    inputs: blindings.inputs.map((value) => value ?? undefined),
                    outputs: blindings.outputs.map((value) => value ?? undefined),
                  },
                }),
          });
          return { kind: 'proof', proof };
        });
      } finally {
        await prover.release(compiled);
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  };
}

/**
 * Compares what the segment computes, and what it was given, with the commitments that the job fixes. The first
 * difference is told; nobody can prove a segment whose edges differ.
 */
async function compareEdges(
  fetched: FetchedSegment,
  boundary: Boundary,
  verifiers: readonly ProofVerifier[],
): Promise<SegmentOutcome | undefined> {
  for await (const { ref, computed } of portCommitments(fetched, boundary, verifiers)) {
    const committed = fetched.commitments[ref.edge]?.[ref.block];
    if (committed === undefined || !equalBytes(committed, computed)) {
      return mismatchOf(ref, committed ?? new Uint8Array(), computed);
    }
  }
  return undefined;
}

function mismatchOf({ edge, block }: BlockRef, committed: Uint8Array, computed: Uint8Array): SegmentOutcome {
  return {
    kind: 'edge-mismatch',
    edge,
    block,
    committed: sha256Hex(committed),
    computed: sha256Hex(computed),
  };
}

function requireRoom(expected: number, memory: number): void {
  if (expected <= memory) return;
  throw new TesseraError('MEMORY_EXCEEDED', {
    message: `The segment is expected to take ${expected} bytes, of ${memory} that are allowed`,
  });
}
