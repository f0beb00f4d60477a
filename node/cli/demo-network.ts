import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { TesseraError } from '../../protocol/errors.ts';
import { peerIdOf } from '../../protocol/messages/index.ts';
import { configurationSchema } from '../configuration/index.ts';
import { type LocalNodes, startLocalNodes } from '../demo/local-nodes.ts';
import { dataDirectory } from '../setup/index.ts';
import type { Context } from './context.ts';
import { describeSegment, type Elsewhere, provenBy, withNode } from './network.ts';

/** Nodes on this machine, and who has jobs proven by them. */
export interface LocalNetwork extends Elsewhere {
  nodes: LocalNodes['nodes'];
  /** What was accepted of them so far. */
  segments: readonly { id: string; peerId: string; seconds: number }[];
}

const nodes = 3;
const gibibyte = 2 ** 30;

/**
 * Hands over a network of nodes on this machine. Where none can be, that is said, and the work goes on without.
 *
 * @param memory bytes that all provers together may use
 */
export async function withLocalNetwork<T>(
  context: Context,
  memory: number | undefined,
  use: (network: LocalNetwork | undefined) => Promise<T>,
): Promise<T> {
  const local = await startNodes(context, memory ?? 0.75 * totalmem());
  if (local === undefined) return use(undefined);
  try {
    const home = await mkdtemp(join(tmpdir(), 'tessera-requester-'));
    try {
      const configuration = configurationSchema.parse({
        listen: ['/ip4/127.0.0.1/tcp/0'],
        mdns: false,
        bootstrap: local.nodes.flatMap(({ addresses }) => [...addresses]),
      });
      return await withNode(context, { configuration, directory: dataDirectory(home) }, (node) => {
        const { segments, onSegment } = follow(context, local);
        return use({ nodes: local.nodes, segments, ...provenBy(node.jobs.requester, onSegment) });
      });
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  } finally {
    await local.close();
  }
}

async function startNodes(
  { settings, signal, output }: Context,
  memory: number,
): Promise<LocalNodes | undefined> {
  try {
    return await startLocalNodes({
      count: nodes,
      installation: settings.directory,
      environment: settings.environment,
      memory: Math.max(1, Math.floor(memory / nodes / gibibyte)),
      signal,
    });
  } catch (error) {
    if (!(error instanceof TesseraError) || error.code !== 'NETWORK_FAILED') throw error;
    output.note(`${error.message}\nWithout other nodes, this process proves everything itself.`);
    return undefined;
  }
}

/** Says who proves what, and keeps it. */
function follow({ output }: Context, local: LocalNodes) {
  const segments: { id: string; peerId: string; seconds: number }[] = [];
  const assignedAt = new Map<string, number>();
  const nameOf = (worker: string) => {
    const peerId = peerIdOf(worker);
    return `node ${local.nodes.findIndex((node) => node.peerId === peerId) + 1} (${peerId})`;
  };
  const onSegment: Parameters<typeof provenBy>[1] = (event) => {
    const said = describeSegment(event, nameOf);
    if (said !== undefined) output.note(said);
    if (event.state === 'assigned') assignedAt.set(event.id, performance.now());
    if (event.state !== 'accepted') return;
    const seconds = (performance.now() - (assignedAt.get(event.id) ?? performance.now())) / 1000;
    segments.push({ id: event.id, peerId: peerIdOf(event.worker), seconds });
  };
  return { segments, onSegment };
}
