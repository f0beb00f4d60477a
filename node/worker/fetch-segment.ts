import { join } from 'node:path';
import { sealOverhead, wrappedKeysBytes } from '../../protocol/access/index.ts';
import { elementCount, type Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import type { Graph, Segment } from '../../protocol/graph.ts';
import { sha256Hex } from '../../protocol/ids.ts';
import {
  blindingsFormat,
  type Commitments,
  commitmentsFormat,
  decodeTensor,
  type PlannedPort,
  type SegmentBlindings,
  type SegmentRecipe,
  segmentRecipeFormat,
} from '../../protocol/job/index.ts';
import { limits } from '../../protocol/limits.ts';
import type { Circuit, Manifest } from '../../protocol/manifest.ts';
import { decodeManifest } from '../../protocol/manifest-codec.ts';
import { type SealOpener, sealOpener } from '../access/index.ts';
import type { ArtifactAccess, FetchOptions } from '../job/artifact-access.ts';
import { roles, tensorRole } from '../job/segment-files.ts';
import { importModel } from '../model/import/index.ts';
import type { Port, PortBlindings, SegmentSource } from '../provers/prover.ts';
import type { Identity } from '../store/index.ts';
import type { AvailableSegment } from './segment-work.ts';

/** A segment as its artifacts tell it: what is needed to open, check and prove it. */
export interface FetchedSegment {
  graph: Graph;
  segment: Segment;
  circuit: Circuit;
  commitments: Commitments;
  recipe: SegmentRecipe;
  source: SegmentSource;
  /** The keys' files, by role. */
  files: ReadonlyMap<string, string>;
  /** Its input tensors, by port. */
  inputs: readonly (readonly bigint[])[];
  blindings: PortBlindings | undefined;
}

/** The largest model of one segment. */
const maxModelBytes = 2 ** 31;

/** How a worker takes part in jobs that it is invited to. */
export interface Guest {
  /** Where what it is lent is kept. */
  artifacts: ArtifactAccess;
  identity: Pick<Identity, 'publicKey' | 'secretKey'>;
}

/** A guest of one job. */
export interface JobGuest extends Guest {
  job: Hex32;
}

/**
 * Fetches all that a segment is made of. Every size is bounded, every digest that the assignment names is held.
 *
 * @param directory where its files may lie until it is proven
 * @param guest what is needed besides for a job of invited peers
 * @throws TesseraError `ARTIFACT_MISSING`, `DOWNLOAD_FAILED`, `ENCODING_INVALID`, `MODEL_UNREADABLE`, `MODEL_INVALID`,
 *   `ACCESS_REFUSED` where what is encrypted does not open
 */
export async function fetchSegment(
  segment: AvailableSegment,
  open: ArtifactAccess,
  directory: string,
  signal: AbortSignal,
  guest?: JobGuest,
): Promise<FetchedSegment> {
  const failure = new AbortController();
  try {
    return await fetchParts(segment, open, directory, AbortSignal.any([signal, failure.signal]), guest);
  } catch (error) {
    // What else is on its way comes for nobody.
    failure.abort(error);
    throw error;
  }
}

async function fetchParts(
  { assignment, source, access }: AvailableSegment,
  open: ArtifactAccess,
  directory: string,
  signal: AbortSignal,
  guest?: JobGuest,
): Promise<FetchedSegment> {
  const artifacts = access === 'open' ? open : guest?.artifacts;
  if (artifacts === undefined) throw incomplete('this worker takes no part in jobs of invited peers');
  const options = (maxBytes: number): FetchOptions => ({ maxBytes, source, announce: false, signal });
  // Others need keys too, and may fetch them here; what is small, their requester has for all.
  const shared = (maxBytes: number) => ({ ...options(maxBytes), announce: access === 'open' });
  const cidOf = (role: string): string => {
    const cid = assignment.artifacts[role];
    if (cid === undefined) throw incomplete(`it names no ${role}`);
    return cid;
  };
  let unseal: SealOpener = (_, content) => content;
  if (access === 'invited' && guest !== undefined) {
    const keys = await artifacts.fetchBytes(cidOf(roles.wrappedKeys), options(wrappedKeysBytes));
    unseal = sealOpener(keys, guest.identity, { job: guest.job, segment: assignment.segment });
  }
  /** What is sealed where the job is of invited peers. */
  const fetchContent = async (role: string, cid: string, maxBytes: number) =>
    unseal(role, await artifacts.fetchBytes(cid, options(maxBytes + sealOverhead)));
  const { manifest: manifestDigest, commitments: commitmentsDigest } = assignment;
  const [manifestBytes, commitmentsBytes, recipeBytes] = await Promise.all([
    artifacts.fetchBytes(cidOf(roles.manifest), { ...options(limits.manifestBytes), sha256: manifestDigest }),
    access === 'open'
      ? artifacts.fetchBytes(cidOf(roles.commitments), {
          ...options(commitmentsFormat.maxBytes),
          sha256: commitmentsDigest,
        })
      : fetchContent(roles.commitments, cidOf(roles.commitments), commitmentsFormat.maxBytes),
    artifacts.fetchBytes(cidOf(roles.recipe), options(segmentRecipeFormat.maxBytes)),
  ]);
  if (sha256Hex(commitmentsBytes) !== commitmentsDigest) throw incomplete('its commitments are others');
  const manifest = decodeManifest(manifestBytes);
  const { segment, circuit } = segmentOf(manifest, assignment.segment);
  const recipe = segmentRecipeFormat.decode(recipeBytes);
  const blindingsCid = assignment.artifacts[roles.blindings];

  const [files, tensors, blindings] = await Promise.all([
    fetchFiles(assignment.artifacts, artifacts, directory, shared),
    fetchInputs(assignment.inputs, segment, circuit, fetchContent),
    blindingsCid === undefined
      ? undefined
      : fetchContent(roles.blindings, blindingsCid, blindingsFormat.maxBytes).then(blindingsOf),
  ]);
  const modelPath = join(directory, 'model.onnx');
  await artifacts.fetchFile(cidOf(roles.model), modelPath, options(maxModelBytes));
  const { model } = await importModel(modelPath, { signal });
  return {
    graph: manifest.graph,
    segment,
    circuit,
    commitments: commitmentsFormat.decode(commitmentsBytes),
    recipe,
    source: { model, inputs: recipe.inputs.map(portOf), outputs: recipe.outputs.map(portOf) },
    files,
    inputs: tensors,
    blindings,
  };
}

function segmentOf({ graph, circuits }: Manifest, index: number): { segment: Segment; circuit: Circuit } {
  const segment = graph.segments[index];
  const circuit = segment && circuits[segment.circuit];
  if (segment === undefined || circuit === undefined) throw incomplete('the manifest has no such segment');
  return { segment, circuit };
}

async function fetchFiles(
  named: Readonly<Record<string, string>>,
  artifacts: ArtifactAccess,
  directory: string,
  options: (maxBytes: number) => FetchOptions,
): Promise<ReadonlyMap<string, string>> {
  const keys = Object.entries(named).filter(([role]) => role.startsWith(roles.key));
  const files = keys.map(async ([role, cid], index) => {
    // The role comes from a peer: no part of a path.
    const path = join(directory, `key-${index}`);
    await artifacts.fetchFile(cid, path, options(limits.keyBytes));
    return [role.slice(roles.key.length), path] as const;
  });
  return new Map(await Promise.all(files));
}

function fetchInputs(
  named: readonly { edge: number; block: number; cid: string }[],
  segment: Segment,
  circuit: Circuit,
  fetchContent: (role: string, cid: string, maxBytes: number) => Promise<Uint8Array>,
): Promise<readonly bigint[][]> {
  return Promise.all(
    segment.inputs.map(async ({ edge, block }, port) => {
      const tensor = named.find((one) => one.edge === edge && one.block === block);
      const type = circuit.inputs[port];
      if (tensor === undefined || type === undefined)
        throw incomplete(`it names no tensor for input ${port}`);
      const count = elementCount(type.shape);
      return decodeTensor(await fetchContent(tensorRole(tensor), tensor.cid, 1 + 32 * count), count);
    }),
  );
}

function blindingsOf(bytes: Uint8Array): PortBlindings {
  const { inputs, outputs } = blindingsFormat.decode(bytes);
  const ofPorts = (values: SegmentBlindings['inputs']) => values.map((value) => value ?? undefined);
  return { inputs: ofPorts(inputs), outputs: ofPorts(outputs) };
}

function portOf({ scheme, blinded, scale, interval }: PlannedPort): Port {
  const settled = {
    ...(scale === undefined ? {} : { scale }),
    ...(interval === undefined ? {} : { interval }),
  };
  return Object.keys(settled).length === 0 ? { scheme, blinded } : { scheme, blinded, settled };
}

function incomplete(why: string): TesseraError {
  return new TesseraError('ENCODING_INVALID', { message: `The assignment is refused: ${why}` });
}
