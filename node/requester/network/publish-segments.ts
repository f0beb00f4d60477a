import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { sha256Hex } from '../../../protocol/ids.ts';
import {
  blindingsFormat,
  type Commitments,
  commitmentsFormat,
  encodeTensor,
  type PlannedPort,
  type ReadyKey,
  segmentRecipeFormat,
} from '../../../protocol/job/index.ts';
import type { Manifest } from '../../../protocol/manifest.ts';
import { encodeManifest } from '../../../protocol/manifest-codec.ts';
import type { TensorArtifact } from '../../../protocol/messages/index.ts';
import { throwIfAborted } from '../../abort.ts';
import { SegmentSeal } from '../../access/index.ts';
import type { ArtifactAccess, PutFileOptions } from '../../job/artifact-access.ts';
import { roles, tensorRole } from '../../job/segment-files.ts';
import { encodeModel } from '../../model/onnx/encode.ts';
import { settlePorts } from '../../plan/draft.ts';
import type { CompiledSegment, Port, Prover } from '../../provers/prover.ts';
import { type Provers, proverNamed } from '../../provers/provers.ts';
import type { Job } from '../job.ts';

/** What an assignment names of a segment. */
export interface PublishedSegment {
  artifacts: Readonly<Record<string, string>>;
  inputs: readonly TensorArtifact[];
}

export interface PublishedJob {
  /** Digests. */
  manifest: Hex32;
  commitments: Hex32;
  segments: readonly PublishedSegment[];
  /** All that was put into the store. */
  cids: readonly string[];
}

export interface PublishInit {
  job: Job;
  manifest: Manifest;
  commitments: Commitments;
  provers: Provers;
  artifacts: ArtifactAccess;
  /**
   * What the network is told of: all that is not secret, or only what many workers fetch, where an assignment says who
   * has the rest.
   */
  announce: 'all' | 'shared';
  /** The job's id and its peers where only they may read it; then nothing is announced, and `artifacts` are lent to them. */
  invited?: { job: Hex32; peers: Iterable<Hex32> };
}

/** Puts all that workers need of a job where they can fetch it; where that fails, nothing of it is kept. */
export async function publishSegments(init: PublishInit, signal?: AbortSignal): Promise<PublishedJob> {
  const cids = new Set<string>();
  try {
    return { ...(await publish(init, cids, signal)), cids: [...cids] };
  } catch (error) {
    await init.artifacts.release(cids);
    throw error;
  }
}

/** @param cids gets all that is put */
async function publish(
  init: PublishInit,
  cids: Set<string>,
  signal: AbortSignal | undefined,
): Promise<Omit<PublishedJob, 'cids'>> {
  const { job, provers, artifacts, invited } = init;
  const shared = invited === undefined;
  const own = shared && init.announce === 'all';
  const keep = ({ cid }: { cid: { toString(): string } }): string => {
    cids.add(cid.toString());
    return cid.toString();
  };
  const manifest = await artifacts.put(encodeManifest(init.manifest), shared);
  const commitments = commitmentsFormat.encode(init.commitments);
  const common: Record<string, string> = { [roles.manifest]: keep(manifest) };
  if (invited === undefined) common[roles.commitments] = keep(await artifacts.put(commitments, shared));
  const tensors = new Map<string, string>();
  const keys = new Map<string, string>();

  const segments: PublishedSegment[] = [];
  for (const [index, { plan, compiled }] of job.segments.entries()) {
    throwIfAborted(signal);
    const segment = job.compiled.graph.segments[index];
    const prover = proverNamed(provers, plan.prover);
    const named: Record<string, string> = { ...common };
    const seal = invited === undefined ? undefined : new SegmentSeal({ job: invited.job, segment: index });
    if (invited !== undefined && seal !== undefined) {
      named[roles.commitments] = keep(await artifacts.put(seal.seal(roles.commitments, commitments), false));
      named[roles.wrappedKeys] = keep(await artifacts.put(seal.wrapFor(invited.peers), false));
    }
    const { inputPorts, outputPorts } = settledPorts(job, index);
    // Who puts a bond on its proof makes its keys itself: it hears too late that others' are none.
    const ready =
      init.announce === 'shared'
        ? await publishReadyKeys(prover, compiled, artifacts, { announce: shared, signal })
        : {};
    for (const { cid } of Object.values(ready)) keep({ cid });
    named[roles.recipe] = keep(
      await artifacts.put(
        segmentRecipeFormat.encode({
          prover: plan.prover,
          params: plan.params,
          inputs: inputPorts.map(plannedPort),
          outputs: outputPorts.map(plannedPort),
          ...(Object.keys(ready).length === 0 ? {} : { readyKeys: ready }),
        }),
        own,
      ),
    );
    named[roles.model] = keep(await artifacts.put(await encodeModel(plan.model), own));
    for (const [role, path] of await prover.exportKeys(compiled, signal ? { signal } : {})) {
      // Many segments share one SRS.
      const cid = keys.get(path) ?? keep(await artifacts.putFile(path, { announce: shared, signal }));
      keys.set(path, cid);
      named[roles.key + role] = cid;
    }
    const hidden = {
      inputs: plan.inputs.map((name) => job.blindings.get(name) ?? null),
      outputs: plan.outputs.map((name) => job.blindings.get(name) ?? null),
    };
    if ([...hidden.inputs, ...hidden.outputs].some((value) => value !== null)) {
      const blindings = blindingsFormat.encode(hidden);
      const content = seal?.seal(roles.blindings, blindings) ?? blindings;
      named[roles.blindings] = keep(await artifacts.put(content, false));
    }
    const inputs: TensorArtifact[] = [];
    for (const [port, name] of plan.inputs.entries()) {
      const ref = segment?.inputs[port];
      if (ref === undefined) continue;
      const values = job.values.get(name) ?? [];
      const tensor = encodeTensor(values);
      // What is sealed is of one segment; what is not, many may share.
      const known = seal === undefined ? tensors.get(name) : undefined;
      const content = seal?.seal(tensorRole(ref), tensor) ?? tensor;
      const cid = known ?? keep(await artifacts.put(content, own));
      tensors.set(name, cid);
      inputs.push({ ...ref, cid });
    }
    segments.push({ artifacts: named, inputs });
  }
  return { manifest: manifest.sha256, commitments: sha256Hex(commitments), segments };
}

/** Keys that workers may take, by role; none where the prover has none, or the store has no room for them. */
async function publishReadyKeys(
  prover: Prover,
  compiled: CompiledSegment,
  artifacts: ArtifactAccess,
  options: PutFileOptions,
): Promise<Record<string, ReadyKey>> {
  const published: Record<string, ReadyKey> = {};
  try {
    for (const [role, { path, sha256, bytes }] of (await prover.exportReadyKeys?.(compiled)) ?? []) {
      const artifact = await artifacts.putFile(path, { ...options, sha256 });
      published[role] = { cid: artifact.cid.toString(), sha256, bytes };
      // Damaged on the disk: whoever proves with them here makes them anew.
      if (artifact.sha256 !== sha256) {
        await artifacts.release(Object.values(published).map(({ cid }) => cid));
        return {};
      }
    }
    return published;
  } catch (error) {
    await artifacts.release(Object.values(published).map(({ cid }) => cid));
    if (!(error instanceof TesseraError) || error.code !== 'STORAGE_FAILED') throw error;
    return {};
  }
}

/** A segment's ports as its circuit was compiled: with what its producers' circuits settled. */
function settledPorts({ segments }: Job, index: number) {
  const made = new Map<string, Port['settled']>();
  for (const { plan, compiled } of segments) {
    plan.outputs.forEach((name, port) => {
      made.set(name, compiled.circuit.outputs[port]);
    });
  }
  const plan = segments[index]?.plan as Job['segments'][number]['plan'];
  return settlePorts(plan, (name) => (plan.inputs.includes(name) ? made.get(name) : undefined));
}

function plannedPort({ scheme, blinded, settled }: Port): PlannedPort {
  const { scale, interval } = settled ?? {};
  return {
    scheme,
    blinded,
    ...(scale === undefined ? {} : { scale }),
    ...(interval === undefined ? {} : { interval }),
  };
}
