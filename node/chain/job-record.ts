import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { decodeManifest, encodeManifest } from '../../protocol/manifest-codec.ts';
import type { JobRequest } from '../requester/job.ts';
import type { JsonFile } from './file-store.ts';
import type { ChainJob } from './job.ts';

/** A job with how it was made, so that its segments can be worked on in another process of this machine. */
export interface PostedJobRecord {
  job: ChainJob;
  request: Omit<JobRequest, 'limits'>;
  /** By tensor; to be kept secret. */
  blindings: ReadonlyMap<string, bigint>;
}

const bytes = (most: number) =>
  z
    .string()
    .regex(/^([0-9a-f]{2})*$/)
    .max(2 * most);
const word = z.string().regex(/^[0-9a-f]{64}$/);
const account = z.string().regex(/^[0-9a-f]{40}$/);
const integer = z
  .string()
  .regex(/^\d{1,78}$/)
  .transform(BigInt);

const recordSchema = z.object({
  version: z.literal(1),
  terms: z.object({
    requester: account,
    nonce: integer,
    model: word,
    inputDigest: word,
    outputDigest: word,
    edges: word,
    edgeCount: z.int().min(1).max(131_072),
    offers: word,
    token: account,
    optimistic: z.boolean(),
    window: integer,
    expiry: integer,
  }),
  offers: z
    .array(
      z.object({
        reward: integer,
        bond: integer,
        duration: z
          .int()
          .min(0)
          .max(2 ** 32 - 1),
      }),
    )
    .max(65_536),
  manifest: bytes(2 ** 26),
  commitments: z.array(z.array(bytes(2 ** 26)).max(65_536)).max(131_072),
  request: z.object({
    model: z.string(),
    input: z.union([
      z.string(),
      z.object({
        path: z.string(),
        mean: z.array(z.number()).exactOptional(),
        std: z.array(z.number()).exactOptional(),
      }),
    ]),
    shapes: z.record(z.string(), z.array(z.int())).exactOptional(),
    strategy: z.string(),
    commit: z.string().exactOptional(),
    prover: z.string().exactOptional(),
    target: z.enum(['offline', 'chain']).exactOptional(),
    calibration: z.string().exactOptional(),
    scale: z.number().exactOptional(),
  }),
  blindings: z.record(z.string(), integer),
});

/** Writes a record, for its owner only. */
export async function savePostedJobRecord(
  file: JsonFile,
  { job, request, blindings }: PostedJobRecord,
): Promise<void> {
  const { terms, offers, manifest, commitments } = job;
  await file.save({
    version: 1,
    terms: { ...terms, nonce: `${terms.nonce}`, window: `${terms.window}`, expiry: `${terms.expiry}` },
    offers: offers.map(({ reward, bond, duration }) => ({ reward: `${reward}`, bond: `${bond}`, duration })),
    manifest: bytesToHex(encodeManifest(manifest)),
    commitments: commitments.map((blocks) => blocks.map(bytesToHex)),
    request,
    blindings: Object.fromEntries([...blindings].map(([name, value]) => [name, `${value}`])),
  });
}

/**
 * Reads a record back.
 *
 * @returns nothing where there is none
 * @throws TesseraError `STORAGE_FAILED`, `ENCODING_INVALID`
 */
export async function loadPostedJobRecord(file: JsonFile): Promise<PostedJobRecord | undefined> {
  const stored = await file.load(recordSchema);
  if (stored === undefined) return undefined;
  const { terms, offers, manifest, commitments, request, blindings } = stored;
  return {
    job: {
      terms,
      offers,
      manifest: decodeManifest(hexToBytes(manifest)),
      commitments: commitments.map((blocks) => blocks.map(hexToBytes)),
    },
    request,
    blindings: new Map(Object.entries(blindings)),
  };
}
