import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { Certificate, ChainBinding, Proof, Statement } from './certificate.ts';
import { type CborLimits, type CborValue, decodeCbor, encodeCbor } from './encoding/cbor.ts';
import {
  amount,
  bytes,
  type Codec,
  doubles,
  fieldElements,
  fieldIntegers,
  hex32,
  hex32Text,
  integer,
  list,
  malformed,
  mapping,
  nullable,
  record,
} from './encoding/codec.ts';
import { openEnvelope } from './encoding/envelope.ts';
import { TesseraError } from './errors.ts';
import { sha256Hex } from './ids.ts';
import { limits } from './limits.ts';
import { manifestCodec } from './manifest-codec.ts';

const tag = 'tessera/certificate';
const version = 1;
const bodyTag = 'tessera/certificate-body';

/** One proof in a certificate and, by itself, on its way from its worker. */
export const proofCodec = record<Proof>({
  required: { publicInputs: fieldElements(limits.publicInputs), bytes: bytes(0, limits.proofBytes) },
});

const statement = record<Statement>({
  required: { edge: integer(0, limits.edges - 1), values: fieldIntegers(limits.elements) },
  optional: { floats: doubles(limits.elements) },
});

/** The commitment of every block, `[edge][block]`. */
export const commitmentsCodec = list(list(bytes(0, limits.commitmentBytes), limits.blocks), limits.edges);

const accountBytes = bytes(20, 20);

/** An account or a contract of a chain. */
const account: Codec<string> = {
  encode(value, path) {
    if (!/^[0-9a-f]{40}$/.test(value)) throw malformed(path, 'is not 20 bytes in lower-case hexadecimal');
    return hexToBytes(value);
  },
  decode: (value, path) => bytesToHex(accountBytes.decode(value, path)),
};

const chainBinding = record<ChainBinding>({
  required: { chainId: amount, market: account, job: hex32, provers: list(account, limits.segments) },
});

const certificateCodec = record<Certificate>({
  required: {
    manifest: manifestCodec,
    artifacts: mapping(hex32Text, bytes(0, limits.artifactBytes), limits.artifacts),
    srs: mapping(hex32Text, hex32, limits.srs),
    srsFiles: mapping(hex32Text, hex32, limits.srs),
    commitments: commitmentsCodec,
    proofs: list(nullable(proofCodec), limits.segments),
    statements: list(statement, limits.edges),
  },
  optional: { chain: chainBinding },
});

/**
 * Writes a certificate: an envelope with the sha2-256 digest of its body, and the body.
 *
 * @throws TesseraError `ENCODING_INVALID` when it exceeds a limit of the format
 */
export function encodeCertificate(certificate: Certificate): Uint8Array {
  const body = encodeCbor([bodyTag, version, certificateCodec.encode(certificate, ['certificate'])]);
  return encodeCbor([tag, version, hexToBytes(sha256Hex(body)), body]);
}

/** Whether bytes begin as a certificate does: the tag follows the head of the envelope's array. */
export function isCertificate(file: Uint8Array): boolean {
  return encodeCbor(tag).every((byte, at) => file[1 + at] === byte);
}

/**
 * Reads a certificate. What it says is not judged: see `checkCertificate`.
 *
 * @throws TesseraError `CERTIFICATE_DAMAGED` when the bytes are no certificate or differ from their own digest,
 *   `ENCODING_INVALID` when they are whole but not in the format: of another version, not canonical, above a limit
 */
export function decodeCertificate(file: Uint8Array): Certificate {
  const { digest, body } = openFile(file);
  if (sha256Hex(body) !== digest) {
    throw damaged(`its content has the digest ${sha256Hex(body)}, where it says ${digest}`);
  }
  const [content] = openEnvelope(decodeCbor(body, bodyLimits), bodyTag, version, 1) as [CborValue];
  return certificateCodec.decode(content, ['certificate']);
}

const bodyLimits: CborLimits = { bytes: limits.certificateBytes, items: limits.items, depth: limits.depth };
/** The envelope is one array of four; its own bytes are fewer than 128. */
const fileLimits: CborLimits = { bytes: limits.certificateBytes + 128, items: 5, depth: 1 };

function openFile(file: Uint8Array): { digest: string; body: Uint8Array } {
  let value: CborValue;
  try {
    value = decodeCbor(file, fileLimits);
  } catch (cause) {
    throw damaged('it is cut off or is another kind of file', cause);
  }
  if (!Array.isArray(value) || value[0] !== tag) throw damaged('it is another kind of file');
  const [digest, body] = openEnvelope(value, tag, version, 2);
  if (!(digest instanceof Uint8Array) || !(body instanceof Uint8Array))
    throw damaged('its envelope is malformed');
  return { digest: bytesToHex(digest), body };
}

function damaged(why: string, cause?: unknown): TesseraError {
  return new TesseraError('CERTIFICATE_DAMAGED', {
    message: `The certificate is damaged: ${why}`,
    remedy: 'Get the file again from where it came.',
    ...(cause === undefined ? {} : { cause }),
  });
}
