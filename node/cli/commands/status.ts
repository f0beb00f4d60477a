import type { Command } from 'commander';
import { connectApi } from '../../api/client.ts';
import type { PathStatus } from '../../network/transport.ts';
import type { PeerStatus } from '../../peer/index.ts';
import { nodeFiles } from '../../store/node-files.ts';
import type { Context } from '../context.ts';
import { addVerb } from '../verb.ts';

/** `tessera status`: how the running node does. */
export function statusVerb(program: Command, context: Context): void {
  addVerb(program, {
    usage: 'status',
    description: 'Show the running node: who it is, how it is reached, and which transports work.',
    examples: ['tessera status', 'tessera status --json'],
  }).action(async () => {
    const { settings, output, signal } = context;
    const api = await connectApi(nodeFiles(settings.directory.node));
    const status = await api.get<PeerStatus>('/v1/status', { signal });
    output.result(status, describe(status, output));
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
