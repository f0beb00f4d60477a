import type { FastifyInstance } from 'fastify';
import type { Offering } from '../worker/offering.ts';

/** What `GET /v1/worker` answers; `null` where the node proves nothing for others. */
export interface WorkerAnswer {
  offering: Offering | null;
}

/** `GET /v1/worker`. */
export function workerRoutes(offering: (() => Offering) | undefined): (server: FastifyInstance) => void {
  return (server) => {
    server.get('/v1/worker', async (): Promise<WorkerAnswer> => ({ offering: offering?.() ?? null }));
  };
}
