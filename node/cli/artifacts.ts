import { TesseraError } from '../../protocol/errors.ts';
import {
  type ApiClient,
  type ArtifactEntry,
  type ArtifactList,
  type ArtifactProgress,
  describeArtifact,
  findRunningNode,
} from '../api/index.ts';
import { addFile, requireSavePlace, saveFile } from '../artifacts/files.ts';
import { type Artifact, ArtifactStore, parseArtifactCid } from '../artifacts/store/index.ts';
import {
  ArtifactExchange,
  type ArtifactExchangeComponents,
  ArtifactFetcher,
  dhtRouting,
} from '../artifacts/transfer/index.ts';
import type { Configuration } from '../configuration/index.ts';
import { createLog, type Peer, startPeer } from '../peer/index.ts';
import { type NodeFiles, nodeFiles, openNodeStore } from '../store/index.ts';
import { type ConfigurationFlags, configurationOf } from './configuration.ts';
import type { Context } from './context.ts';

/** What the artifact verbs do, whether by the running node or without one. Paths are absolute. */
export interface ArtifactVerbs {
  ls(): Promise<ArtifactList>;
  add(
    path: string,
    keep: { pin: boolean; announce: boolean },
    options: AccessOptions,
  ): Promise<ArtifactEntry>;
  get(request: GetRequest, options: AccessOptions): Promise<ArtifactEntry>;
  setPinned(cid: string, pinned: boolean): Promise<ArtifactEntry>;
}

export interface GetRequest {
  cid: string;
  /** Of the whole artifact. */
  sha256?: string;
  maxBytes: number;
  /** Where to put it. */
  path: string;
}

export interface AccessOptions {
  signal: AbortSignal;
  onProgress: (progress: ArtifactProgress) => void;
}

/** The exchange of artifacts of a running peer. */
export async function startArtifacts(
  peer: Peer,
  files: NodeFiles,
  { artifactSpace }: Configuration,
  lent?: NonNullable<ArtifactExchangeComponents['lent']>,
): Promise<ArtifactExchange> {
  const store = await openStore(files, artifactSpace);
  const exchange = new ArtifactExchange(
    {},
    {
      store,
      libp2p: peer.libp2p,
      routing: dhtRouting(peer.libp2p),
      ...(lent === undefined ? {} : { lent }),
      onAnnounceError: (cid, error) =>
        peer.log.debug({ err: error, cid: `${cid}` }, 'an artifact was not announced'),
    },
  );
  await exchange.start();
  return exchange;
}

/** Uses the artifacts of the data directory: by the running node, or by the store itself where none runs. */
export async function withArtifacts<T>(
  context: Context,
  flags: ConfigurationFlags,
  use: (artifacts: ArtifactVerbs) => Promise<T>,
): Promise<T> {
  const files = nodeFiles(context.settings.directory.node);
  const api = await findRunningNode(files, context.signal);
  if (api !== undefined) return use(byApi(api));
  const configuration = await configurationOf(context, flags);
  // Whoever has it open has the whole directory: no node can start meanwhile.
  const lock = await openNodeStore(files.database);
  let locked = true;
  const unlock = async () => {
    if (locked) await lock.close();
    locked = false;
  };
  try {
    const store = await openStore(files, configuration.artifactSpace);
    return await use(byStore(store, { context, configuration, files, unlock }));
  } finally {
    await unlock();
  }
}

function openStore({ artifacts }: NodeFiles, gibibytes: number): Promise<ArtifactStore> {
  return ArtifactStore.open({ directory: artifacts, maxBytes: gibibytes * 2 ** 30 });
}

function byApi(api: ApiClient): ArtifactVerbs {
  return {
    ls: () => api.get('/v1/artifacts'),
    add: (path, keep, options) => api.follow('/v1/artifacts/add', { path, ...keep }, options),
    get: (request, options) => api.follow('/v1/artifacts/get', request, options),
    setPinned: (cid, pinned) => api.post('/v1/artifacts/pin', { cid, pinned }),
  };
}

interface StoreAccessInit {
  context: Context;
  configuration: Configuration;
  files: NodeFiles;
  /** Lets the data directory go, for a peer that takes it over. */
  unlock: () => Promise<void>;
}

function byStore(store: ArtifactStore, init: StoreAccessInit): ArtifactVerbs {
  return {
    ls: async () => ({
      artifacts: store.ls().map(describeArtifact),
      bytes: store.bytes,
      maxBytes: store.maxBytes,
    }),
    add: async (path, keep, { signal, onProgress }) => {
      const onBytes = (done: number, total: number) => onProgress({ done, total });
      return describeArtifact(await addFile(store, path, { ...keep, signal, onProgress: onBytes }));
    },
    get: async (request, options) => {
      const cid = parseArtifactCid(request.cid);
      const { sha256, path } = request;
      await requireSavePlace(cid, path, { signal: options.signal });
      const present = store.find(cid);
      const isIt = present !== undefined && (sha256 === undefined || sha256 === present.sha256);
      const artifact = isIt ? present : await fetchAlone(store, init, request, options);
      await saveFile(store, cid, path, { signal: options.signal });
      return describeArtifact(artifact);
    },
    setPinned: async (cid, pinned) => {
      const named = parseArtifactCid(cid);
      return describeArtifact(await (pinned ? store.pin(named) : store.unpin(named)));
    },
  };
}

/** Fetches by a peer that lives only for this: it dials others, and offers nothing. */
async function fetchAlone(
  store: ArtifactStore,
  { context, configuration, files, unlock }: StoreAccessInit,
  { cid, sha256, maxBytes }: GetRequest,
  { signal, onProgress }: AccessOptions,
): Promise<Artifact> {
  await unlock();
  const log = createLog(configuration.logLevel, { write: (line) => context.output.note(line.trimEnd()) });
  const peer = await startPeer({ configuration: { ...configuration, listen: [] }, files, log });
  try {
    const { libp2p } = peer;
    const { bootstrap, mdns } = configuration;
    // Peers that are known from before are dialled, too.
    if (bootstrap.length === 0 && !mdns && (await libp2p.peerStore.all({ limit: 1 })).length === 0) {
      throw new TesseraError('ARTIFACT_MISSING', {
        message: `The artifact ${cid} is not here, and there is nobody to ask for it`,
        remedy:
          'Name a peer (--bootstrap), leave --no-mdns out, or start a node that stays (`tessera start`).',
        details: { cid },
      });
    }
    return await new ArtifactFetcher({}, { store, libp2p, routing: dhtRouting(libp2p) }).fetch({
      cid: parseArtifactCid(cid),
      ...(sha256 === undefined ? {} : { sha256 }),
      maxBytes,
      signal,
      onProgress: ({ bytes, totalBytes }) => onProgress({ done: bytes, total: totalBytes ?? 0 }),
      onSearch: () => onProgress({ done: 0, total: 0, searching: libp2p.getPeers().length }),
    });
  } finally {
    await peer.stop();
  }
}
