import { once } from 'node:events';
import type { FastifyReply } from 'fastify';
import { TesseraError } from '../../protocol/errors.ts';

/** One line of an answer that shows its progress: JSON lines, of which the last has the result or the error. */
export type ProgressLine<P, R> =
  | { progress: P }
  | { result: R }
  | { error: { code: string; message: string; remedy?: string } };

export interface ProgressStreamOptions {
  /** Milliseconds between two lines at least: a few a second are enough for a person who watches a number grow. */
  everyMs?: number;
}

/**
 * Answers a request with its progress and then its result, as JSON lines. The work is cancelled when whoever asked
 * is gone.
 */
export async function answerWithProgress<P, R>(
  reply: FastifyReply,
  work: (onProgress: (progress: P) => void, signal: AbortSignal) => Promise<R>,
  { everyMs = 100 }: ProgressStreamOptions = {},
): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  const gone = new AbortController();
  const leave = () => {
    if (!raw.writableEnded) gone.abort();
  };
  // Whoever asked may have gone while the request was made ready.
  if (raw.closed) leave();
  else raw.once('close', leave);
  raw.writeHead(200, { 'content-type': 'application/jsonl', 'cache-control': 'no-store' });
  raw.flushHeaders();
  const write = (line: ProgressLine<P, R>) => raw.write(`${JSON.stringify(line)}\n`);
  let shown = 0;
  const show = (progress: P) => {
    if (performance.now() - shown < everyMs || raw.writableLength > maxBacklog) return;
    shown = performance.now();
    write({ progress });
  };
  try {
    write({ result: await work(show, gone.signal) });
  } catch (error) {
    if (!gone.signal.aborted) write({ error: describe(error) });
  }
  raw.end();
  if (!raw.writableFinished && !gone.signal.aborted) await once(raw, 'close');
}

/** Bytes that a reader may be behind before it misses progress. */
const maxBacklog = 2 ** 20;

function describe(error: unknown) {
  if (error instanceof TesseraError) return error.toJSON();
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}
