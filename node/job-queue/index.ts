/**
 * A running node's own jobs: taken from the local API, proven by the network, taken up again after a restart.
 *
 * @packageDocumentation
 */
export type { JobOrder } from './job-order.ts';
export * from './job-queue.ts';
export type * from './queued-job.ts';
