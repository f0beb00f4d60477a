import type { Command } from 'commander';
import { connectApi } from '../../api/client.ts';
import type { ConnectedPeer } from '../../api/index.ts';
import { nodeFiles } from '../../store/node-files.ts';
import type { Context } from '../context.ts';
import { addVerb } from '../verb.ts';

/** `tessera peers`: whom the running node is connected to. */
export function peersVerb(program: Command, context: Context): void {
  addVerb(program, {
    usage: 'peers',
    description: 'List the peers that the running node is connected to.',
    examples: ['tessera peers', 'tessera peers --json'],
  }).action(async () => {
    const { settings, output, signal } = context;
    const api = await connectApi(nodeFiles(settings.directory.node));
    const { peers } = await api.get<{ peers: ConnectedPeer[] }>('/v1/peers', { signal });
    output.result({ peers }, [...peers.map(describe), `${peers.length} connected`].join('\n'));
  });
}

function describe({ peerId, address, direction, relayed, agent }: ConnectedPeer): string {
  const way = `${direction}${relayed ? ', relayed' : ''}`;
  return `${peerId}  ${way}  ${address}${agent === undefined ? '' : `  ${printable(agent)}`}`;
}

/** Without what would steer a terminal. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
