import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { equalBytes } from '../../protocol/check/equal-bytes.ts';
import type { BlockRef } from '../../protocol/graph.ts';
import { sha256Hex } from '../../protocol/ids.ts';
import type { SegmentRecipe } from '../../protocol/job/index.ts';
import type { ProofVerifier } from '../../protocol/verifier.ts';
import { throwIfAborted } from '../abort.ts';
import type { ArtifactAccess } from '../job/artifact-access.ts';
import { requireRoom } from '../job/memory-gate.ts';
import type { Model } from '../model/model.ts';
import type { Boundary, CompiledSegment, ReadyKeys } from '../provers/prover.ts';
import { type Provers, proverNamed } from '../provers/provers.ts';
import { type FetchedSegment, fetchSegment, type Guest } from './fetch-segment.ts';
import { portCommitments } from './port-commitments.ts';
import { readyKeysFor } from './ready-keys.ts';
import type { SegmentOutcome, SegmentTask, SegmentWork, SegmentWorkOptions } from './segment-work.ts';

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
  /** What decides whether keys are fetched; without it they are made here. */
  keys?: {
    /** Seconds that this machine is expected to make a segment's keys for, where that is known. */
    setupSeconds: (model: Model, recipe: SegmentRecipe) => number | undefined;
    /** Bytes that may be taken of the disk. */
    spareDisk: () => Promise<number>;
    /** Is told of fetched keys that came to no proof: they are made here then. */
    onUseless?: (error: unknown) => void;
  };
}

/** Proves segments with this machine's provers. */
export function segmentProver(init: ProveSegmentInit): SegmentWork {
  const { artifacts, guest, scratch } = init;
  return async (task, options) => {
    const directory = await mkdtemp(join(scratch, 'segment-'));
    try {
      options.onStage('fetching');
      const { job } = task.assignment;
      const { signal } = options;
      const fetched = await fetchSegment(task, artifacts, directory, signal, guest && { ...guest, job });
      options.onProver?.(fetched.recipe.prover);
      const prover = proverNamed(init.provers, fetched.recipe.prover);
      const call = { signal, memoryLimit: init.memory };
      const setup = await prover.setupMemory(fetched.source, fetched.recipe.params, call);
      const ready = await chooseKeys(task, fetched, setup, init, signal);
      if (ready !== undefined) {
        try {
          return await proveFetched(fetched, () => openWith(ready), init, options);
        } catch (error) {
          throwIfAborted(signal);
          init.keys?.onUseless?.(error);
        }
      }
      requireRoom(setup, init.memory);
      return await proveFetched(fetched, () => options.exclusively(setup, () => openWith()), init, options);

      function openWith(readyKeys?: ReadyKeys): Promise<CompiledSegment> {
        const { source, recipe, circuit, files } = fetched;
        const open = { ...call, ...(readyKeys === undefined ? {} : { readyKeys }) };
        return prover.openSegment(source, recipe.params, circuit, files, open);
      }
    } finally {
      // What was being fetched into it when that failed may just have been there.
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    }
  };
}

/** The requester's keys, where it is sooner to fetch them than to make them. @param setup bytes that making them takes */
async function chooseKeys(
  { source, access }: SegmentTask,
  fetched: FetchedSegment,
  setup: number,
  { artifacts, guest, keys, memory }: ProveSegmentInit,
  signal: AbortSignal,
): Promise<ReadyKeys | undefined> {
  const expected = keys?.setupSeconds(fetched.source.model, fetched.recipe);
  if (keys === undefined || expected === undefined) return undefined;
  const open = access === 'open';
  return readyKeysFor(fetched, {
    artifacts: open || guest === undefined ? artifacts : guest.artifacts,
    // Others need them too, and may fetch them here.
    options: { source, announce: open, signal },
    setupSeconds: setup > memory ? Number.POSITIVE_INFINITY : expected,
    spareDisk: await keys.spareDisk(),
  });
}

/** Opens a segment, checks its edges and proves it. */
async function proveFetched(
  fetched: FetchedSegment,
  open: () => Promise<CompiledSegment>,
  { provers, verifiers, memory }: ProveSegmentInit,
  { signal, onStage, exclusively }: SegmentWorkOptions,
): Promise<SegmentOutcome> {
  const { recipe, inputs, blindings } = fetched;
  const prover = proverNamed(provers, recipe.prover);
  const call = { signal, memoryLimit: memory };
  const compiled = await open();
  try {
    requireRoom(compiled.provingMemory, memory);
    return await exclusively(compiled.provingMemory, async (): Promise<SegmentOutcome> => {
      throwIfAborted(signal);
      onStage('checking');
      const boundary = await prover.execute(compiled, inputs, call);
      const mismatch = await compareEdges(fetched, boundary, verifiers, signal);
      if (mismatch !== undefined) return mismatch;
      throwIfAborted(signal);
      onStage('proving');
      const proof = await prover.prove(compiled, inputs, {
        ...call,
        ...(blindings === undefined ? {} : { blindings }),
      });
      return { kind: 'proof', proof };
    });
  } finally {
    await prover.release(compiled);
  }
}

/**
 * Compares what the segment computes, and what it was given, with the commitments that the job fixes. The first
 * difference is told; nobody can prove a segment whose edges differ.
 */
async function compareEdges(
  fetched: FetchedSegment,
  boundary: Boundary,
  verifiers: readonly ProofVerifier[],
  signal: AbortSignal,
): Promise<SegmentOutcome | undefined> {
  for await (const { ref, computed } of portCommitments(fetched, boundary, verifiers, signal)) {
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
