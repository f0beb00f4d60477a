import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { TesseraError } from '../../protocol/errors.ts';

/** What a request carries, if it is of the schema. @throws TesseraError `USAGE` */
export function readBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new TesseraError('USAGE', { message: z.prettifyError(parsed.error) });
}

/** Paths are the caller's: whoever has the token acts as this user, who may read and write there anyway. */
export const absolutePath = z.string().max(4_096).refine(isAbsolute, 'is not an absolute path');

/** Of a whole file, in lower case. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'is not a sha2-256 in hexadecimal');
