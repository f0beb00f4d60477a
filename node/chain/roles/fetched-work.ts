import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TesseraError } from '../../../protocol/errors.ts';
import type { ProofVerifier } from '../../../protocol/verifier.ts';
import type { ArtifactAccess } from '../../job/artifact-access.ts';
import { requireRoom } from '../../job/memory-gate.ts';
import { recipeCost } from '../../plan/cost-model/recipe-cost.ts';
import { type Provers, proverNamed } from '../../provers/provers.ts';
import { fetchSegment } from '../../worker/fetch-segment.ts';
import { portCommitments } from '../../worker/port-commitments.ts';
import type { AvailableSegment } from '../../worker/segment-work.ts';
import type { WorkPlaces } from '../../worker/work-places.ts';
import type { ClaimedWork } from '../market-worker.ts';

export interface FetchedWorkInit {
  artifacts: ArtifactAccess;
  provers: Provers;
  verifiers: readonly ProofVerifier[];
  /** Where a segment's files lie while it is worked on. */
  scratch: string;
  /** Bytes that all prover processes together may use, and who keeps to it: what is proven for peers counts, too. */
  memory: number;
  places: Pick<WorkPlaces, 'run'>;
  /** How fast this machine is against the one that the cost model was fitted on. */
  speed: number;
}

/** A segment of another peer's job as this machine can prove it. */
export interface FetchedWork extends ClaimedWork {
  /** What proving takes in units of the cost model, that machine's microseconds; prices are per million of them. */
  units: number;
}

/**
 * Fetches a segment and makes it ready to be proven: its circuit is compiled here, its keys are the ones that the
 * manifest states.
 *
 * @throws TesseraError as {@link fetchSegment} and opening it do, `PROVER_MISSING`, `MEMORY_EXCEEDED`
 */
export async function openFetchedWork(
  segment: AvailableSegment,
  { artifacts, provers, verifiers, scratch, memory, places, speed }: FetchedWorkInit,
  signal: AbortSignal,
): Promise<FetchedWork> {
  const directory = await mkdtemp(join(scratch, 'claim-'));
  const removed = () => rm(directory, { recursive: true, force: true });
  try {
    const fetched = await fetchSegment(segment, artifacts, directory, signal);
    const { source, recipe, circuit, files, inputs, blindings } = fetched;
    const prover = proverNamed(provers, recipe.prover);
    const cost = recipeCost(source.model, recipe);
    if (cost === undefined) {
      throw new TesseraError('UNPROVABLE', {
        message: `Nothing is known of what ${recipe.prover} takes, so no bond is put on it`,
      });
    }
    const setup = await prover.setupMemory(source, recipe.params, { signal, memoryLimit: memory });
    requireRoom(setup, memory);
    const compiled = await places.run(setup, signal, () =>
      prover.openSegment(source, recipe.params, circuit, files, { signal, memoryLimit: memory }),
    );
    const close = async () => {
      await prover.release(compiled);
      await removed();
    };
    const inPlace = <T>(during: AbortSignal | undefined, work: () => Promise<T>) =>
      places.run(compiled.provingMemory, during ?? signal, work);
    const call = (during?: AbortSignal) => ({
      memoryLimit: memory,
      ...(during === undefined ? {} : { signal: during }),
    });
    return {
      units: Math.ceil(1e6 * cost.proveSeconds),
      expectedSeconds: cost.proveSeconds / speed,
      provesFirst: true,
      async execute(during) {
        requireRoom(compiled.provingMemory, memory);
        const boundary = await inPlace(during, () => prover.execute(compiled, inputs, call(during)));
        const commitments: Uint8Array[] = [];
        for await (const { computed } of portCommitments(fetched, boundary, verifiers, during))
          commitments.push(computed);
        return commitments;
      },
      prove: (context, during) =>
        inPlace(during, () =>
          prover.prove(compiled, inputs, {
            ...call(during),
            context,
            ...(blindings === undefined ? {} : { blindings }),
          }),
        ),
      close,
    };
  } catch (error) {
    await removed();
    throw error;
  }
}
