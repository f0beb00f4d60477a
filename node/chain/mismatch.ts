import { z } from 'zod';
import type { Hex32 } from '../../protocol/edge.ts';
import type { TesseraError } from '../../protocol/errors.ts';
import { limits } from '../../protocol/limits.ts';
import type { JsonFile } from './file-store.ts';

/** A block of which this machine computed another commitment than a job on a chain has. */
export interface Mismatch {
  segment: number;
  edge: number;
  block: number;
  /** sha2-256 of the job's commitment, and of the one that was computed. */
  committed: Hex32;
  computed: Hex32;
}

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const mismatchSchema = z.object({
  segment: z.int().min(0).max(limits.segments),
  edge: z.int().min(0).max(limits.edges),
  block: z.int().min(0).max(limits.blocks),
  committed: digest,
  computed: digest,
});
const fileSchema = z.object({
  version: z.literal(1),
  mismatches: z.array(mismatchSchema).max(limits.segments),
});

/** What an error says of a segment whose edges are not as its job commits to them; nothing for any other error. */
export function mismatchIn({ code, details }: TesseraError): Mismatch | undefined {
  return code === 'EDGE_MISMATCH' ? mismatchSchema.safeParse(details).data : undefined;
}

/** Where this machine computed other values than a job commits to: one block a segment. */
export async function loadMismatches(file: JsonFile): Promise<readonly Mismatch[]> {
  return (await file.load(fileSchema))?.mismatches ?? [];
}

/** Keeps one, in the place of what was known of its segment. */
export async function keepMismatch(file: JsonFile, mismatch: Mismatch): Promise<void> {
  const others = (await loadMismatches(file)).filter(({ segment }) => segment !== mismatch.segment);
  await file.save({ version: 1, mismatches: [...others, mismatch] });
}
