import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { maxInvited } from '../../protocol/access/index.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { limits } from '../../protocol/limits.ts';
import { publicKeyOf } from '../../protocol/messages/index.ts';
import type { JobEvent, JobOrder, JobQueue, QueuedJob } from '../job-queue/index.ts';
import { type ReportForPrograms, reportForPrograms } from '../prove-report.ts';
import { answerWithProgress } from './progress-stream.ts';
import { absolutePath, readBody, sha256 } from './read-body.ts';

/** What `GET /v1/jobs` answers. */
export interface JobList {
  /** The newest first. */
  jobs: QueuedJob[];
}

const samples = z
  .array(z.number())
  .min(1)
  .max(limits.rank * 64);
const count = z.int().min(1);
const requestBody = z.strictObject({
  model: absolutePath,
  input: z.union([
    absolutePath,
    z.strictObject({ path: absolutePath, mean: samples.optional(), std: samples.optional() }),
  ]),
  shapes: z.record(z.string().max(1_024), z.array(count).max(limits.rank)).optional(),
  strategy: z.string().max(65_536),
  commit: z.string().max(64).optional(),
  prover: z.string().max(64).optional(),
  target: z.enum(['offline', 'chain']).optional(),
  calibration: absolutePath.optional(),
  scale: count.optional(),
});
const orderBody = z.strictObject({
  request: requestBody,
  out: absolutePath.optional(),
  invite: z.array(z.string().refine(isPeerId, 'is not a peer id')).min(1).max(maxInvited).optional(),
  limits: z.strictObject({ parallel: count.optional(), memory: count.optional() }).optional(),
  setup: z.enum(['development', 'ceremony', 'universal']).optional(),
  srs: z.strictObject({ location: z.string().max(4_096), sha256 }).optional(),
});

function isPeerId(text: string): boolean {
  try {
    return publicKeyOf(text).length > 0;
  } catch {
    return false;
  }
}

const idOf = (params: unknown) => readBody(z.strictObject({ id: z.string().max(64) }), params).id;

/**
 * This node's own jobs. `POST /v1/jobs` takes one, which goes on by itself; `POST /v1/jobs/prove` answers with its
 * progress and its end, and cancels it when whoever asked is gone. `GET /v1/jobs`, `GET /v1/jobs/:id`,
 * `GET /v1/jobs/:id/events` (its progress; to stop reading changes nothing), `GET /v1/jobs/:id/certificate`,
 * `DELETE /v1/jobs/:id`.
 *
 * @param directory where certificates lie of orders that name no place
 */
export function jobRoutes(queue: JobQueue, directory: string): (server: FastifyInstance) => void {
  const orderOf = async (body: unknown): Promise<JobOrder> => {
    const { out, ...order } = readBody(orderBody, body);
    if (out === undefined) await mkdir(directory, { recursive: true, mode: 0o700 });
    // Zod says `undefined` of what may be left out; what JSON leaves out is not there.
    return {
      ...order,
      out: out ?? join(directory, `${randomBytes(16).toString('hex')}.cert`),
    } as JobOrder;
  };
  return (server) => {
    server.post('/v1/jobs', async (request, reply) => {
      const job = await queue.submit(await orderOf(request.body));
      await reply.code(202).send(job);
    });
    server.post('/v1/jobs/prove', async (request, reply) => {
      const { id } = await queue.submit(await orderOf(request.body));
      await answerWithProgress<JobEvent, ReportForPrograms>(
        reply,
        async (show, signal) => {
          try {
            return reportForPrograms(await queue.follow(id, show, signal));
          } finally {
            if (signal.aborted) await queue.cancel(id);
          }
        },
        { everyMs: 0 },
      );
    });
    server.get('/v1/jobs', async (): Promise<JobList> => ({ jobs: queue.list() }));
    server.get('/v1/jobs/:id', async ({ params }) => queue.find(idOf(params)));
    server.delete('/v1/jobs/:id', async ({ params }) => queue.cancel(idOf(params)));
    server.get('/v1/jobs/:id/events', async ({ params }, reply) => {
      const { id } = queue.find(idOf(params));
      await answerWithProgress<JobEvent, ReportForPrograms>(
        reply,
        async (show, signal) => reportForPrograms(await queue.follow(id, show, signal)),
        { everyMs: 0 },
      );
    });
    server.get('/v1/jobs/:id/certificate', async ({ params }, reply) => {
      const { id, state, order } = queue.find(idOf(params));
      if (state !== 'done') {
        throw new TesseraError('USAGE', {
          message: `Job ${id} is ${state}, and has no certificate`,
          remedy: 'Follow it to its end: GET /v1/jobs/ID/events',
        });
      }
      await reply.type('application/octet-stream').send(createReadStream(order.out));
    });
  };
}
