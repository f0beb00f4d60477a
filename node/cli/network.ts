import type { Hex32 } from '../../protocol/edge.ts';
import { peerIdOf } from '../../protocol/messages/index.ts';
import type { Configuration } from '../configuration/index.ts';
import { createLog } from '../peer/index.ts';
import type { ProveModules } from '../prove.ts';
import type { Requester } from '../requester/network/requester.ts';
import type { SegmentEvent } from '../requester/network/segment-event.ts';
import type { DataDirectory } from '../setup/index.ts';
import { configurationOf } from './configuration.ts';
import type { Context } from './context.ts';
import { type RunningNode, startNode } from './node.ts';

/** Who proves a prepared job. */
export type Elsewhere = Required<Pick<ProveModules, 'proveElsewhere'>>;

/**
 * Has jobs proven by a requester's peers.
 *
 * @param invited the only ones that may, by their Ed25519 public keys; all unless given
 */
export function provenBy(
  requester: Pick<Requester, 'prove'>,
  onSegment: (event: SegmentEvent) => void,
  invited?: readonly Hex32[],
): Elsewhere {
  const how = { onSegment, ...(invited === undefined ? {} : { invited }) };
  return {
    proveElsewhere: (job, modules, options) => requester.prove(job, modules, { ...options, ...how }),
  };
}

/**
 * Hands over a node that runs for this long, and proves nothing for others.
 *
 * @throws TesseraError `NODE_RUNNING` when another one has the data directory
 */
export async function withNode<T>(
  { output }: Pick<Context, 'output'>,
  init: { configuration: Configuration; directory: Pick<DataDirectory, 'node'> },
  use: (node: RunningNode) => Promise<T>,
): Promise<T> {
  const log = createLog('warn', { write: (line) => output.note(line.trimEnd()) });
  const node = await startNode({ ...init, log });
  try {
    return await use(node);
  } finally {
    await node.stop();
  }
}

/** As {@link withNode}, for one job of this machine's own data directory. */
export async function withRequester<T>(
  context: Context,
  bootstrap: readonly string[],
  use: (node: RunningNode) => Promise<T>,
): Promise<T> {
  const known = bootstrap.length === 0 ? {} : { bootstrap: [...bootstrap] };
  const configured = await configurationOf(context, known);
  // A port of its own: another node of this machine may have the usual ones.
  const configuration = { ...configured, listen: ['/ip4/0.0.0.0/tcp/0'] };
  return withNode(context, { configuration, directory: context.settings.directory }, use);
}

/** Tells a person which worker has which segment. */
export function noteSegment(output: Pick<Context['output'], 'note'>): (event: SegmentEvent) => void {
  return (event) => {
    const said = describeSegment(event, (worker) => `worker ${peerIdOf(worker)}`);
    if (said !== undefined) output.note(said);
  };
}

/** What a person is told of a segment, if anything. */
export function describeSegment(
  { id, state, worker, reason }: SegmentEvent,
  nameOf: (worker: string) => string,
): string | undefined {
  if (state === 'unsuited') return `${id}: no worker suits it: ${reason}`;
  if (state === 'open') return `${id}: given to another worker (${reason})`;
  return state === 'assigned' || state === 'accepted' ? `${id}: ${state}, ${nameOf(worker)}` : undefined;
}
