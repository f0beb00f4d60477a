import type { Proof } from '../certificate.ts';
import { commitmentsCodec, proofCodec } from '../certificate-codec.ts';
import type { Hex32, Interval } from '../edge.ts';
import { type CborLimits, type CborValue, decodeCbor, encodeCbor } from '../encoding/cbor.ts';
import {
  boolean,
  type Codec,
  dictionary,
  fieldElements,
  fieldInteger,
  hex32,
  integer,
  list,
  malformed,
  nullable,
  oneOf,
  orLiteral,
  record,
  text,
} from '../encoding/codec.ts';
import { openEnvelope } from '../encoding/envelope.ts';
import { limits } from '../limits.ts';
import { cid } from '../messages/message-codec.ts';

/** The commitments that a job fixes: of every block of every edge, `[edge][block]`. */
export type Commitments = readonly (readonly Uint8Array[])[];

/** One end of a segment, as its plan asked for it. */
export interface PlannedPort {
  scheme: 'public' | 'kzg' | 'poseidon2';
  blinded: boolean;
  scale?: number;
  interval?: Interval | 'unproven';
}

/** A file of keys that a worker may fetch instead of making it. */
export interface ReadyKey {
  cid: string;
  /** Of the whole file. */
  sha256: Hex32;
  bytes: number;
}

/** How a segment's circuit is made from its model. */
export interface SegmentRecipe {
  /** The prover's name. */
  prover: string;
  /** The prover's parameters. */
  params: string;
  inputs: readonly PlannedPort[];
  outputs: readonly PlannedPort[];
  /** Keys that follow from the circuit, by role: to fetch them may be sooner than to make them. */
  readyKeys?: Readonly<Record<string, ReadyKey>>;
}

/** The blinding value of every port of a segment; null where none hides it. */
export interface SegmentBlindings {
  inputs: readonly (bigint | null)[];
  outputs: readonly (bigint | null)[];
}

/** One kind of artifact of a job: `[tag, 1, content]` in CBOR. */
export interface ArtifactFormat<T> {
  /** @throws TesseraError `ENCODING_INVALID` */
  encode(content: T): Uint8Array;
  /** @throws TesseraError `ENCODING_INVALID` */
  decode(bytes: Uint8Array): T;
  maxBytes: number;
}

/** The format of artifacts of one tag. */
export function format<T>(tag: string, codec: Codec<T>, maxBytes: number): ArtifactFormat<T> {
  const bounds: CborLimits = { bytes: maxBytes, items: limits.items, depth: limits.depth };
  return {
    encode: (content) => encodeCbor([tag, 1, codec.encode(content, [tag])]),
    decode(bytes) {
      const [content] = openEnvelope(decodeCbor(bytes, bounds), tag, 1, 1) as [CborValue];
      return codec.decode(content, [tag]);
    },
    maxBytes,
  };
}

const port = record<PlannedPort>({
  required: { scheme: oneOf(['public', 'kzg', 'poseidon2']), blinded: boolean },
  optional: {
    scale: integer(-limits.scale, limits.scale),
    interval: orLiteral(record<Interval>({ required: { lo: fieldInteger, hi: fieldInteger } }), 'unproven'),
  },
});

const ports = list(port, limits.ports);

const element: Codec<bigint> = {
  encode: (value, path) => fieldElements(1).encode([value], path),
  decode(value, path) {
    const [only] = fieldElements(1).decode(value, path);
    if (only === undefined) throw malformed(path, 'is empty');
    return only;
  },
};

const blindings = list(nullable(element), limits.ports);

export const commitmentsFormat: ArtifactFormat<Commitments> = format(
  'tessera/commitments',
  commitmentsCodec,
  limits.commitmentBytes,
);

export const proofFormat: ArtifactFormat<Proof> = format(
  'tessera/proof',
  proofCodec,
  // Elements of 32 bytes, and what frames them.
  limits.proofBytes + 32 * limits.publicInputs + 1_024,
);

export const segmentRecipeFormat: ArtifactFormat<SegmentRecipe> = format(
  'tessera/segment',
  record<SegmentRecipe>({
    required: {
      prover: text(limits.wordBytes),
      params: text(limits.parameterBytes),
      inputs: ports,
      outputs: ports,
    },
    optional: {
      readyKeys: dictionary(
        record<ReadyKey>({ required: { cid, sha256: hex32, bytes: integer(1, limits.keyBytes) } }),
        limits.wordBytes,
        limits.roles,
      ),
    },
  }),
  2 ** 20,
);

export const blindingsFormat: ArtifactFormat<SegmentBlindings> = format(
  'tessera/blindings',
  record<SegmentBlindings>({ required: { inputs: blindings, outputs: blindings } }),
  2 ** 20,
);
