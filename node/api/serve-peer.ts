import { rm } from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';
import { closeAll } from '../close-all.ts';
import type { Configuration } from '../configuration/index.ts';
import type { Peer } from '../peer/index.ts';
import type { NodeFiles } from '../store/index.ts';
import { eventRoutes } from './event-stream.ts';
import { peerRoutes } from './peer-routes.ts';
import { type Api, type Routes, startApi } from './server.ts';
import { loadOrCreateToken } from './token.ts';

export interface ServeInit {
  peer: Peer;
  configuration: Configuration;
  files: NodeFiles;
  /** Routes besides those of the peer itself. */
  routes?: readonly Routes[];
}

/** Serves a peer's local API and leaves its address where other verbs find it, until it is closed. */
export async function servePeer({ peer, configuration, files, routes = [] }: ServeInit): Promise<Api> {
  const api = await startApi({
    port: configuration.apiPort,
    token: await loadOrCreateToken(files.apiToken),
    routes: [peerRoutes(peer), eventRoutes(peer.events), ...routes],
    log: peer.log,
  });
  const close = () => closeAll([api.close, () => rm(files.apiAddress, { force: true })]);
  try {
    await writeFileAtomic(files.apiAddress, `${api.url}\n`, { mode: 0o600 });
  } catch (error) {
    await close();
    throw error;
  }
  return { url: api.url, close };
}
