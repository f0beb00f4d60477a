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
}

export interface PublishInit {
  job: Job;
  manifest: Manifest;
  commitments: Commitments;
  provers: Provers;
  artifacts: ArtifactAccess;
  /** The id that all is kept for. */
  keepFor: string;
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
  try {
    return await publish(init, signal);
  } catch (error) {
    await init.artifacts.release(init.keepFor);
    throw error;
  }
}

async function publish(init: PublishInit, signal: AbortSignal | undefined): Promise<PublishedJob> {
  const { job, provers, artifacts, keepFor, invited } = init;
  const call = { memoryLimit: job.limits.memory, ...(signal ? { signal } : {}) };
  const shared = invited === undefined;
  const own = shared && init.announce === 'all';
  const put = async (bytes: Uint8Array, announce: boolean) =>
    (await artifacts.put(bytes, { keepFor, announce })).cid.toString();
  const manifest = encodeManifest(init.manifest);
  const commitments = commitmentsFormat.encode(init.commitments);
  const common: Record<string, string> = { [roles.manifest]: await put(manifest, shared) };
  if (invited === undefined) common[roles.commitments] = await put(commitments, shared);
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
      named[roles.commitments] = await put(seal.seal(roles.commitments, commitments), false);
      named[roles.wrappedKeys] = await put(seal.wrapFor(invited.peers), false);
    }
    const { inputPorts, outputPorts } = settledPorts(job, index);
    // Who puts a bond on its proof makes its keys itself: it hears too late that others' are none.
    const ready =
      init.announce === 'shared'
        ? await publishReadyKeys(prover, compiled, artifacts, { keepFor, announce: shared, signal })
        : {};
    named[roles.recipe] = await put(
      segmentRecipeFormat.encode({
        prover: plan.prover,
        params: plan.params,
        inputs: inputPorts.map(plannedPort),
        outputs: outputPorts.map(plannedPort),
        ...(Object.keys(ready).length === 0 ? {} : { readyKeys: ready }),
      }),
      own,
    );
    named[roles.model] = await put(await encodeModel(plan.model), own);
    for (const [role, path] of await prover.exportKeys(compiled, call)) {
      // Many segments share one SRS.
      const cid =
        keys.get(path) ?? (await artifacts.putFile(path, { keepFor, announce: shared, signal })).cid;
      keys.set(path, `${cid}`);
      named[roles.key + role] = `${cid}`;
    }
    const hidden = {
      inputs: plan.inputs.map((name) => job.blindings.get(name) ?? null),
      outputs: plan.outputs.map((name) => job.blindings.get(name) ?? null),
    };
    if ([...hidden.inputs, ...hidden.outputs].some((value) => value !== null)) {
      const blindings = blindingsFormat.encode(hidden);
      const content = seal?.seal(roles.blindings, blindings) ?? blindings;
      named[roles.blindings] = await put(content, false);
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
      const cid = known ?? (await put(content, own));
      tensors.set(name, cid);
      inputs.push({ ...ref, cid });
    }
    segments.push({ artifacts: named, inputs });
  }
  return { manifest: sha256Hex(manifest), commitments: sha256Hex(commitments), segments };
}

/**
 * Keys that workers may take, by role; none where the prover has none, one of them is damaged, or the store has no room
 * for them.
 */
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
      if (artifact.sha256 !== sha256) {
        // Whoever proves with it on this machine makes it anew.
        throw new TesseraError('STORAGE_FAILED', { message: `The key in ${path} is damaged` });
      }
    }
    return published;
  } catch (error) {
    if (!(error instanceof TesseraError) || error.code !== 'STORAGE_FAILED') throw error;
    await artifacts.release(options.keepFor, new Set(Object.values(published).map(({ cid }) => cid)));
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
