import { z } from 'zod';
import { TesseraError } from '../../protocol/errors.ts';

/** What a request carries, if it is of the schema. @throws TesseraError `USAGE` */
export function readBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new TesseraError('USAGE', { message: z.prettifyError(parsed.error) });
}
