import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { CID } from 'multiformats/cid';
import { type CborLimits, decodeCbor, encodeCbor } from '../encoding/cbor.ts';
import {
  amount,
  bytes,
  type Codec,
  dictionary,
  hex32,
  integer,
  list,
  literal,
  malformed,
  oneOf,
  type Path,
  record,
  text,
  variant,
} from '../encoding/codec.ts';
import { openEnvelope } from '../encoding/envelope.ts';
import { limits } from '../limits.ts';
import { jobId } from './job-id.ts';
import { messageLimits } from './limits.ts';
import {
  type Assignment,
  type Bid,
  type Cancellation,
  type Cid,
  cancellationReasons,
  type EdgeMismatch,
  type MarketMismatch,
  type Message,
  type Need,
  type Offer,
  type ProverSpeed,
  type Refusal,
  refusalReasons,
  type Submission,
  type TensorArtifact,
  type WorkerProgress,
  workerStages,
} from './message.ts';

const tag = 'tessera/message-body';
const version = 1;

const word = text(limits.wordBytes);
const any = integer(0, Number.MAX_SAFE_INTEGER);
const time = any;
const addresses = list(text(messageLimits.addressBytes), messageLimits.addresses);

/** A CIDv1 in its bytes. */
export const cid: Codec<Cid> = {
  encode(value, path) {
    const parsed = readCid(path, () => CID.parse(value));
    if (parsed.toString() !== value) throw malformed(path, 'is not written in base32');
    return parsed.bytes;
  },
  decode(value, path) {
    const encoded = bytes(1, messageLimits.cidBytes).decode(value, path);
    return readCid(path, () => CID.decode(encoded)).toString();
  },
};

function readCid(path: Path, read: () => CID): CID {
  let parsed: CID;
  try {
    parsed = read();
  } catch (cause) {
    throw malformed(path, `is not a CID: ${cause instanceof Error ? cause.message : cause}`);
  }
  if (parsed.version !== 1) throw malformed(path, 'is not a CIDv1');
  return parsed;
}

const head = { sender: hex32, issued: time, expires: time };
const segmentHead = { ...head, job: hex32, segment: integer(0, limits.segments - 1) };

const bid = record<Bid>({
  required: {
    kind: literal('bid'),
    ...head,
    sequence: any,
    cores: any,
    memory: any,
    gpus: list(word, messageLimits.gpus),
    provers: list(
      record<ProverSpeed>({ required: { name: word, unitsPerSecond: any } }),
      messageLimits.provers,
    ),
    slots: record<Bid['slots']>({
      required: { total: integer(0, messageLimits.slots), free: integer(0, messageLimits.slots) },
    }),
    price: amount,
    addresses,
  },
});

const need = record<Need>({
  required: {
    prover: word,
    adapter: word,
    segments: integer(1, limits.segments),
    units: any,
    memory: any,
  },
});

const offer = record<Offer>({
  required: {
    kind: literal('offer'),
    ...head,
    job: hex32,
    nonce: hex32,
    manifest: hex32,
    commitments: hex32,
    access: oneOf(['open', 'invited']),
    needs: list(need, messageLimits.needs),
    price: amount,
    deadline: time,
    addresses,
  },
});

/** A segment’s input tensor by its block. */
export const tensor = record<TensorArtifact>({
  required: { edge: integer(0, limits.edges - 1), block: integer(0, limits.blocks - 1), cid },
});

const assignment = record<Assignment>({
  required: {
    kind: literal('assignment'),
    ...segmentHead,
    worker: hex32,
    manifest: hex32,
    commitments: hex32,
    bid: hex32,
    attempt: any,
    artifacts: dictionary(cid, limits.wordBytes, messageLimits.artifacts),
    inputs: list(tensor, messageLimits.tensors),
    price: amount,
    deadline: time,
  },
});

const progress = record<WorkerProgress>({
  required: {
    kind: literal('progress'),
    ...segmentHead,
    assignment: hex32,
    stage: oneOf(workerStages),
    done: integer(0, 1_000),
    remaining: any,
  },
});

const submission = record<Submission>({
  required: {
    kind: literal('submission'),
    ...segmentHead,
    assignment: hex32,
    proof: cid,
    size: any,
  },
  optional: { inline: bytes(0, messageLimits.inlineBytes) },
});

const cancellation = record<Cancellation>({
  required: { kind: literal('cancellation'), ...head, job: hex32, reason: oneOf(cancellationReasons) },
  optional: { segment: integer(0, limits.segments - 1) },
});

const mismatch = {
  ...segmentHead,
  edge: integer(0, limits.edges - 1),
  block: integer(0, limits.blocks - 1),
  committed: hex32,
  computed: hex32,
};

const edgeMismatch = record<EdgeMismatch>({
  required: { kind: literal('edge-mismatch'), ...mismatch, assignment: hex32 },
});

const marketMismatch = record<MarketMismatch>({
  required: { kind: literal('market-mismatch'), ...mismatch },
});

const refusal = record<Refusal>({
  required: {
    kind: literal('refusal'),
    ...segmentHead,
    assignment: hex32,
    reason: oneOf(refusalReasons),
    detail: text(messageLimits.detailBytes),
  },
});

const message = variant<'kind', Message>('kind', {
  bid,
  offer,
  assignment,
  progress,
  submission,
  cancellation,
  'edge-mismatch': edgeMismatch,
  'market-mismatch': marketMismatch,
  refusal,
});

/**
 * Writes what a message says: the bytes that its sender signs.
 *
 * @throws TesseraError `ENCODING_INVALID` when it exceeds a limit or contradicts itself
 */
export function encodeMessageBody(value: Message): Uint8Array {
  const content = message.encode(value, ['message']);
  checkMessage(value);
  return encodeCbor([tag, version, content]);
}

/**
 * Reads what a message says. Its signature and age are judged elsewhere.
 *
 * @throws TesseraError `ENCODING_INVALID` for bytes that `encodeMessageBody` does not write
 */
export function decodeMessageBody(body: Uint8Array): Message {
  const [content] = openEnvelope(decodeCbor(body, bodyLimits), tag, version, 1);
  const value = message.decode(content ?? null, ['message']);
  checkMessage(value);
  return value;
}

const bodyLimits: CborLimits = {
  bytes: messageLimits.envelopeBytes,
  items: messageLimits.items,
  depth: messageLimits.depth,
};

/** What no field can say alone. */
function checkMessage(value: Message): void {
  const lifetime = value.expires - value.issued;
  if (lifetime <= 0 || lifetime > messageLimits.lifetime) {
    throw malformed(['message', 'expires'], `is not within ${messageLimits.lifetime} ms after issued`);
  }
  if (value.kind === 'bid' && value.slots.free > value.slots.total) {
    throw malformed(['message', 'slots'], 'has more free than there are');
  }
  if (value.kind === 'offer' && value.job !== jobId(value.sender, value.manifest, value.nonce)) {
    throw malformed(['message', 'job'], 'does not follow from sender, manifest and nonce');
  }
  if (value.kind === 'submission' && value.inline !== undefined) checkInline(value, value.inline);
}

function checkInline({ proof, size }: Submission, inline: Uint8Array): void {
  const { code, digest } = CID.parse(proof).multihash;
  const sha2256 = 0x12;
  if (inline.length !== size || code !== sha2256 || bytesToHex(digest) !== bytesToHex(sha256(inline))) {
    throw malformed(['message', 'inline'], 'is not the artifact that the message names');
  }
}
