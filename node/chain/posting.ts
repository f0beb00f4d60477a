import { utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import type { Hex32 } from '../../protocol/edge.ts';
import { manifestDigest, sha256Hex } from '../../protocol/ids.ts';
import { edgesRoot, type SegmentOffer } from '../../protocol/job-ids.ts';
import type { JsonFile } from './file-store.ts';
import type { ChainJob } from './job.ts';
import { listSegments } from './job-list.ts';
import type { Market } from './market.ts';

/** A job from before it is posted until whoever asked for it is done with it, so that a run that was killed is gone on with. */
export interface Posting {
  job: Hex32;
  /** What tells the job from others of the same content, and its nonce was made of. */
  salt: Hex32;
  /** The block before which nothing of the job is on the chain. */
  since: bigint;
}

/** What a requester pays and asks for, in every segment alike. */
export interface JobPrices extends SegmentOffer {
  /** ERC-20 that rewards are paid in, as 20 bytes in hexadecimal without prefix; the chain's coin unless given. */
  token?: string;
  optimistic: boolean;
  /** Seconds in which a submission can be challenged; 0 where every proof is verified. */
  window: bigint;
  /** Seconds in which segments can be claimed. */
  lifetime: bigint;
}

/** What a requester asks for. */
export interface Order {
  content: Pick<ChainJob, 'manifest' | 'commitments'>;
  prices: JobPrices;
}

const word = z.string().regex(/^[0-9a-f]{64}$/);
const postingSchema = z.object({
  version: z.literal(1),
  job: word,
  salt: word,
  since: z
    .string()
    .regex(/^\d{1,20}$/)
    .transform(BigInt),
});

/**
 * What is the same whenever one account asks a market for the same proofs at the same prices, if blinded commitments are
 * given as they would be with a blinding of zero: that is drawn anew each time.
 */
export function orderDigest(market: Market, { content, prices }: Order): Hex32 {
  const { chainId, market: address } = market.place;
  const { manifest, commitments } = content;
  const sorted = Object.entries(prices).sort(([a], [b]) => (a < b ? -1 : 1));
  const named = [
    ...[String(chainId), address, market.chain.address.toLowerCase()],
    ...[manifestDigest(manifest), Buffer.from(edgesRoot(commitments)).toString('hex')],
    ...sorted.map(([name, value]) => [name, String(value)]),
  ];
  return sha256Hex(utf8ToBytes(JSON.stringify(named)));
}

/** Keeps a posting; it is on disk when this returns. */
export async function savePosting(file: JsonFile, { job, salt, since }: Posting): Promise<void> {
  await file.save({ version: 1, job, salt, since: `${since}` });
}

/**
 * Reads a posting back.
 *
 * @returns nothing where there is none
 * @throws TesseraError `STORAGE_FAILED`: whether a job was posted is not known then
 */
export function loadPosting(file: JsonFile): Promise<Posting | undefined> {
  return file.load(postingSchema);
}

/** How a job that was to be posted stands: `ended` when one of its segments can be claimed no more. */
export type PostingState = 'absent' | 'alive' | 'ended';

export async function postingState(market: Market, id: Hex32, { terms }: ChainJob): Promise<PostingState> {
  const { segments, closed } = await market.job(id);
  if (segments === 0) return 'absent';
  if (!closed && (await market.chain.now()) <= terms.expiry) return 'alive';
  const found = await listSegments(market, id);
  return found.some(({ state }) => state === 'open') ? 'ended' : 'alive';
}
