import { publicKeyOf } from '../../protocol/messages/index.ts';
import { type JobEntry, JobQueue } from '../job-queue/index.ts';
import { openTessera } from '../tessera.ts';
import { provenBy } from './network.ts';
import type { RunningNode } from './node.ts';
import type { Settings } from './settings.ts';

/** The files that jobs which are not over are made from. */
export function filesOf(queue: Pick<JobQueue, 'list'>): ReadonlySet<string> {
  const open = queue.list().filter(({ state }) => state === 'running');
  return new Set(
    open.flatMap(({ order: { request } }) => {
      const { model, input, calibration } = request;
      return [model, typeof input === 'string' ? input : input.path, calibration ?? model];
    }),
  );
}

/** The jobs of a running node; its events tell of each that begins, moves or ends. */
export function openJobQueue(
  { directory, leftOut, environment }: Settings,
  { peer, jobs }: RunningNode,
): JobQueue {
  return new JobQueue(
    {},
    {
      records: peer.store.records<JobEntry>('job-queue'),
      run: async (order, { signal, onProgress, onSegment }) => {
        const { request, out, invite, ...provers } = order;
        const installation = { home: directory.root, leftOut, environment };
        const tessera = openTessera({ ...installation, ...provers, onProgress });
        try {
          const elsewhere = provenBy(jobs.requester, onSegment, invite?.map(publicKeyOf));
          return await tessera.prove({ ...request, out, signal, onProgress }, elsewhere);
        } finally {
          await tessera.close();
        }
      },
      onEvent: ({ id, state }, event) => {
        if (event === undefined) {
          peer.events.emit({ type: 'job', job: id, state });
          peer.log.info({ job: id, state }, 'job of this node');
        } else if (event.type === 'segment') {
          const { id: segment, state: at, worker } = event.segment;
          peer.events.emit({ type: 'segment', job: id, segment, state: at, worker });
        }
      },
    },
  );
}
