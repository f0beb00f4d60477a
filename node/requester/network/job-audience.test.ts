import { expect, it } from 'vitest';
import type { Cancellation, SignedMessage } from '../../../protocol/messages/index.ts';
import { throwIfAborted } from '../../abort.ts';
import type { RequestOptions } from '../../network/request-protocol.ts';
import { createLog } from '../../peer/log.ts';
import type { Job } from '../job.ts';
import { audienceOf, type JobAudienceComponents } from './job-audience.ts';

const ann = '6a'.repeat(32);
const job = { compiled: { graph: { edges: [], inputs: [], outputs: [] } } } as unknown as Job;

it('reaches each invited peer, unless what is said is no longer wanted', async () => {
  const told: [string, RequestOptions][] = [];
  const { say } = audienceOf(job, [ann], {
    requests: {
      request: async ({ peer }, _, options = {}) => {
        throwIfAborted(options.signal);
        told.push([peer, options]);
        return undefined;
      },
    },
    directory: { sourceOf: (worker) => ({ peer: worker, addresses: [] }) },
    privateArtifacts: { lendTo: () => ({}) as never },
    log: createLog('silent', process.stderr),
  } as Partial<JobAudienceComponents> as JobAudienceComponents);
  const message = { message: { kind: 'cancellation' } } as SignedMessage<Cancellation>;
  await say(message, AbortSignal.abort());
  expect(told).toEqual([]);
  await say(message);
  expect(told).toEqual([[ann, { timeout: 5_000 }]]);
});
