import { join } from 'node:path';
import { elementCount } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import type { Graph, Segment } from '../../protocol/graph.ts';
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
import type { ArtifactAccess, FetchOptions } from '../job/artifact-access.ts';
import { roles } from '../job/segment-files.ts';
import { importModel } from '../model/import/index.ts';
import type { Port, SegmentSource } from '../provers/prover.ts';
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
  blindings: SegmentBlindings | undefined;
}

/** The largest model of one segment, and the largest file of its keys. */
const maxModelBytes = 2 ** 31;
const maxKeyBytes = 2 ** 34;

/**
 * Fetches all that a segment is made of. Every size is bounded, every digest that the assignment names is held.
 *
 * @param directory where its files may lie until it is proven
 * @throws TesseraError `ARTIFACT_MISSING`, `DOWNLOAD_FAILED`, `ENCODING_INVALID`, `MODEL_UNREADABLE`, `MODEL_INVALID`
 */
export async function fetchSegment(
  { assignment, source, access }: AvailableSegment,
  artifacts: ArtifactAccess,
  directory: string,
  signal: AbortSignal,
): Promise<FetchedSegment> {
  const options = (maxBytes: number): FetchOptions => ({ maxBytes, source, announce: false, signal });
  // Others need it too, and may fetch it here.
  const shared = (maxBytes: number) => ({ ...options(maxBytes), announce: access === 'open' });
  const cidOf = (role: string): string => {
    const cid = assignment.artifacts[role];
    if (cid === undefined) throw incomplete(`it names no ${role}`);
    return cid;
  };
  const { manifest: manifestDigest, commitments: commitmentsDigest } = assignment;
  const [manifestBytes, commitmentsBytes, recipeBytes] = await Promise.all([
    artifacts.fetchBytes(cidOf(roles.manifest), { ...shared(limits.manifestBytes), sha256: manifestDigest }),
    artifacts.fetchBytes(cidOf(roles.commitments), {
      ...shared(commitmentsFormat.maxBytes),
      sha256: commitmentsDigest,
    }),
    artifacts.fetchBytes(cidOf(roles.recipe), options(segmentRecipeFormat.maxBytes)),
  ]);
  const manifest = decodeManifest(manifestBytes);
  const { segment, circuit } = segmentOf(manifest, assignment.segment);
  const recipe = segmentRecipeFormat.decode(recipeBytes);
  const blindingsCid = assignment.artifacts[roles.blindings];

  const [files, tensors, blindings] = await Promise.all([
    fetchFiles(assignment.artifacts, artifacts, directory, shared),
    fetchInputs(assignment.inputs, segment, circuit, artifacts, options),
    blindingsCid === undefined
      ? undefined
      : artifacts.fetchBytes(blindingsCid, options(blindingsFormat.maxBytes)).then(blindingsFormat.decode),
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
    await artifacts.fetchFile(cid, path, options(maxKeyBytes));
    return [role.slice(roles.key.length), path] as const;
  });
  return new Map(await Promise.all(files));
}

function fetchInputs(
  named: readonly { edge: number; block: number; cid: string }[],
  segment: Segment,
  circuit: Circuit,
  artifacts: ArtifactAccess,
  options: (maxBytes: number) => FetchOptions,
): Promise<readonly bigint[][]> {
  return Promise.all(
    segment.inputs.map(async ({ edge, block }, port) => {
      const tensor = named.find((one) => one.edge === edge && one.block === block);
      const type = circuit.inputs[port];
      if (tensor === undefined || type === undefined)
        throw incomplete(`it names no tensor for input ${port}`);
      const count = elementCount(type.shape);
      return decodeTensor(await artifacts.fetchBytes(tensor.cid, options(1 + 32 * count)), count);
    }),
  );
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
