import type { Command } from 'commander';
import { peerIdOf } from '../../../protocol/messages/index.ts';
import { connectApi } from '../../api/client.ts';
import type { JobList } from '../../api/job-routes.ts';
import type { WorkerAnswer } from '../../api/worker-routes.ts';
import type { QueuedJob } from '../../job-queue/index.ts';
import { showMemory } from '../../memory.ts';
import type { PathStatus } from '../../network/transport.ts';
import type { PeerStatus } from '../../peer/index.ts';
import { nodeFiles } from '../../store/node-files.ts';
import type { Offering } from '../../worker/offering.ts';
import type { Context } from '../context.ts';
import { addVerb } from '../verb.ts';

/** `tessera status`: how the running node does. */
export function statusVerb(program: Command, context: Context): void {
  addVerb(program, {
    usage: 'status',
    description: 'Show the running node: who it is, how it is reached, which transports work, and its jobs.',
    examples: ['tessera status', 'tessera status --json'],
  }).action(async () => {
    const { settings, output, signal } = context;
    const api = await connectApi(nodeFiles(settings.directory.node));
    const [status, { jobs }, { offering }] = await Promise.all([
      api.get<PeerStatus>('/v1/status', { signal }),
      api.get<JobList>('/v1/jobs', { signal }),
      api.get<WorkerAnswer>('/v1/worker', { signal }),
    ]);
    const running = jobs.filter(({ state }) => state === 'running');
    output.result(
      { ...status, worker: offering, jobs: running },
      [describe(status, output), describeOffering(offering), ...running.map(describeJob)].join('\n'),
    );
  });
}

function describe(
  { peerId, addresses, connectedPeers, paths }: PeerStatus,
  output: Context['output'],
): string {
  return [
    `Peer ${peerId}`,
    ...addresses.map((address) => `  ${address}`),
    `${connectedPeers} connected`,
    ...paths.map((path) => describePath(path, output)),
  ].join('\n');
}

/** What the node proves for others, and which segments suit it. */
function describeOffering(offering: Offering | null): string {
  if (offering === null) return 'proves nothing for others';
  const { machine, provers, limits, slots } = offering;
  const speeds = provers.map(({ name, unitsPerSecond }) => `${name} ${(unitsPerSecond / 1e6).toFixed(2)}`);
  const whom = limits.requesters.length === 0 ? 'anybody' : limits.requesters.join(', ');
  return [
    `proves for others: ${slots.free} of ${slots.total} places free`,
    `  ${machine.cores} cores, ${showMemory(machine.memory)}, ${machine.gpus.join(', ') || 'no GPU'}; million units a second: ${speeds.join(', ')}`,
    `  suited by segments of ${whom}, up to ${showMemory(limits.memory)} of memory, from ${limits.price} for a million units, while ${showMemory(limits.disk)} of disk are free`,
  ].join('\n');
}

function describeJob({ id, order, stage, segments, submitted }: QueuedJob): string {
  const done = segments.filter(({ state }) => state === 'accepted').length;
  const at = stage === undefined ? 'waiting' : `${stage.stage} ${stage.done}/${stage.total}`;
  return [
    `job ${id}: ${order.request.model}, since ${submitted}, ${at}, ${done} segments proven`,
    ...segments
      .filter(({ state }) => state !== 'accepted')
      .map((segment) =>
        segment.state === 'unsuited'
          ? `  ${segment.id}: no worker suits it: ${segment.reason}`
          : `  ${segment.id}: ${segment.state}, worker ${peerIdOf(segment.worker)}`,
      ),
  ].join('\n');
}

function describePath(path: PathStatus, output: Context['output']): string {
  const { transport, state, peers, published, delivered, refused, problem } = path;
  const colour = { working: 'green', waiting: 'yellow', failed: 'red' } as const;
  const refusals = Object.entries(refused).filter(([, count]) => count > 0);
  return [
    `${transport}: ${output.style(colour[state], state)}, ${peers} listening, ${published} published, ${delivered} delivered`,
    ...(refusals.length === 0
      ? []
      : [`refused: ${refusals.map(([why, count]) => `${count} ${why}`).join(', ')}`]),
    ...(problem === undefined ? [] : [problem]),
  ].join('; ');
}
