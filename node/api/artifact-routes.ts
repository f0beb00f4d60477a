import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { addFile, requireSavePlace, saveFile } from '../artifacts/files.ts';
import { type Artifact, parseArtifactCid } from '../artifacts/store/index.ts';
import type { ArtifactExchange } from '../artifacts/transfer/index.ts';
import { answerWithProgress } from './progress-stream.ts';
import { absolutePath, readBody, sha256 } from './read-body.ts';

/** An artifact as the API and the command line show it. */
export interface ArtifactEntry extends Omit<Artifact, 'cid' | 'lastUsed'> {
  cid: string;
  /** ISO 8601. */
  lastUsed: string;
}

/** What `GET /v1/artifacts` answers. */
export interface ArtifactList {
  artifacts: ArtifactEntry[];
  /** Bytes that they take, and may take. */
  bytes: number;
  maxBytes: number;
}

/** How far an artifact is being added or fetched, in bytes. */
export interface ArtifactProgress {
  done: number;
  total: number;
  /** Peers that are connected, while it is looked for. */
  searching?: number;
}

const addBody = z.strictObject({
  path: absolutePath,
  pin: z.boolean().default(false),
  announce: z.boolean().default(true),
});
const getBody = z.strictObject({
  cid: z.string(),
  path: absolutePath,
  sha256: sha256.optional(),
  maxBytes: z.int().min(0),
});
const pinBody = z.strictObject({ cid: z.string(), pinned: z.boolean() });

/**
 * `GET /v1/artifacts`; `POST /v1/artifacts/add` and `/get`, between the store and a file of this machine, with
 * progress; `POST /v1/artifacts/pin`.
 */
export function artifactRoutes(exchange: ArtifactExchange): (server: FastifyInstance) => void {
  const { store } = exchange;
  return (server) => {
    server.get(
      '/v1/artifacts',
      async (): Promise<ArtifactList> => ({
        artifacts: store.ls().map(describeArtifact),
        bytes: store.bytes,
        maxBytes: store.maxBytes,
      }),
    );
    server.post('/v1/artifacts/add', async (request, reply) => {
      const { path, ...keep } = readBody(addBody, request.body);
      await answerWithProgress<ArtifactProgress, ArtifactEntry>(reply, async (show, signal) =>
        describeArtifact(
          await addFile(store, path, { ...keep, signal, onProgress: (done, total) => show({ done, total }) }),
        ),
      );
    });
    server.post('/v1/artifacts/get', async (request, reply) => {
      const { cid: text, path, sha256, maxBytes } = readBody(getBody, request.body);
      const cid = parseArtifactCid(text);
      await answerWithProgress<ArtifactProgress, ArtifactEntry>(reply, async (show, signal) => {
        await requireSavePlace(cid, path, { signal });
        const artifact = await exchange.fetch({
          cid,
          maxBytes,
          signal,
          ...(sha256 === undefined ? {} : { sha256 }),
          onProgress: ({ bytes, totalBytes }) => show({ done: bytes, total: totalBytes ?? 0 }),
          onSearch: () => show({ done: 0, total: 0, searching: exchange.connectedPeers }),
        });
        await saveFile(store, cid, path, { signal });
        return describeArtifact(artifact);
      });
    });
    server.post('/v1/artifacts/pin', async (request) => {
      const { cid, pinned } = readBody(pinBody, request.body);
      const named = parseArtifactCid(cid);
      return describeArtifact(await (pinned ? store.pin(named) : store.unpin(named)));
    });
  };
}

export function describeArtifact({ cid, lastUsed, ...rest }: Artifact): ArtifactEntry {
  return { cid: cid.toString(), ...rest, lastUsed: lastUsed.toISOString() };
}
