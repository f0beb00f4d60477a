import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { type ErrorCode, errorCodes, TesseraError } from '../../protocol/errors.ts';
import { throwIfAborted } from '../abort.ts';
import { readIfPresent } from '../files/read-if-present.ts';
import type { NodeFiles } from '../store/index.ts';
import type { ProgressLine } from './progress-stream.ts';
import { readToken } from './token.ts';

/** The running node of a data directory, by its local API. */
export interface ApiClient {
  url: string;
  /** @param path E.g. `/v1/status` */
  get<T>(path: string, options?: { signal?: AbortSignal }): Promise<T>;
  post<T>(path: string, body: object, options?: { signal?: AbortSignal }): Promise<T>;
  delete<T>(path: string, options?: { signal?: AbortSignal }): Promise<T>;
  /** A request whose answer shows its progress; a GET without a body. */
  follow<P, R>(
    path: string,
    body: object | undefined,
    options?: { signal?: AbortSignal; onProgress?: (progress: P) => void },
  ): Promise<R>;
}

/**
 * Finds the running node.
 *
 * @throws TesseraError `NODE_MISSING` when none runs on these files
 */
export async function connectApi(files: Pick<NodeFiles, 'apiAddress' | 'apiToken'>): Promise<ApiClient> {
  const url = await readAddress(files.apiAddress);
  const token = await readToken(files.apiToken);
  if (url === undefined || token === undefined) throw nodeMissing();
  const send = (path: string, init: RequestInit) => request(`${url}${path}`, token, init);
  return {
    url,
    get: (path, { signal } = {}) => answerTo(send(path, signal === undefined ? {} : { signal }), signal),
    post: (path, body, { signal } = {}) => answerTo(send(path, posting(body, signal)), signal),
    delete: (path, { signal } = {}) =>
      answerTo(send(path, { method: 'DELETE', ...(signal === undefined ? {} : { signal }) }), signal),
    follow: async (path, body, { signal, onProgress } = {}) => {
      const init = body === undefined ? (signal === undefined ? {} : { signal }) : posting(body, signal);
      return resultOf(await send(path, init), onProgress, signal);
    },
  };
}

/** As {@link connectApi}; nothing where no node of this data directory answers. */
export async function findRunningNode(
  files: Pick<NodeFiles, 'apiAddress' | 'apiToken'>,
  signal?: AbortSignal,
): Promise<ApiClient | undefined> {
  try {
    const api = await connectApi(files);
    await api.get('/v1/status', signal === undefined ? {} : { signal });
    return api;
  } catch (error) {
    // Another program may have taken the port of a node that was killed.
    if (error instanceof TesseraError && notThisNode.has(error.code)) return undefined;
    throw error;
  }
}

const notThisNode: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['NODE_MISSING', 'API_REFUSED']);

function posting(body: object, signal: AbortSignal | undefined): RequestInit {
  return {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
    ...(signal === undefined ? {} : { signal }),
  };
}

/** @throws what the node answered as its error */
async function request(url: string, token: string, init: RequestInit): Promise<Response> {
  const headers = { ...init.headers, authorization: `Bearer ${token}` };
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers });
  } catch (cause) {
    throwIfAborted(init.signal ?? undefined);
    throw nodeMissing(cause);
  }
  if (!response.ok) throw errorOf(await readJson(response, init.signal), response.status);
  return response;
}

async function answerTo<T>(sent: Promise<Response>, signal: AbortSignal | undefined): Promise<T> {
  return (await readJson(await sent, signal)) as T;
}

/** @throws TesseraError `NODE_MISSING` where something else than a node answers, or it breaks off; `ABORTED` */
async function readJson(response: Response, signal: AbortSignal | null | undefined): Promise<unknown> {
  try {
    return await response.json();
  } catch (cause) {
    throwIfAborted(signal ?? undefined);
    throw nodeMissing(cause);
  }
}

/** The last line of an answer with progress. */
async function resultOf<P, R>(
  { body, status }: Response,
  onProgress: ((progress: P) => void) | undefined,
  signal: AbortSignal | undefined,
): Promise<R> {
  const lines = createInterface({ input: Readable.fromWeb(body as NodeReadableStream) });
  try {
    for await (const text of lines) {
      const line = JSON.parse(text) as ProgressLine<P, R>;
      if ('result' in line) return line.result;
      if ('error' in line) throw errorOf(line, status);
      onProgress?.(line.progress);
    }
  } catch (cause) {
    throwIfAborted(signal);
    if (cause instanceof TesseraError) throw cause;
    throw nodeMissing(cause);
  }
  throwIfAborted(signal);
  throw nodeMissing();
}

async function readAddress(path: string): Promise<string | undefined> {
  return (await readIfPresent(path))?.toString().trim();
}

function errorOf(body: unknown, status: number): TesseraError {
  const { error } = (body ?? {}) as { error?: { code?: string; message?: string; remedy?: string } };
  const code =
    error?.code !== undefined && Object.hasOwn(errorCodes, error.code)
      ? (error.code as ErrorCode)
      : 'INTERNAL';
  return new TesseraError(code, {
    message: error?.message ?? `The node answered with status ${status}`,
    ...(error?.remedy === undefined ? {} : { remedy: error.remedy }),
  });
}

/** The file of a node that was killed stays behind; what it names then answers no more. */
function nodeMissing(cause?: unknown): TesseraError {
  return new TesseraError('NODE_MISSING', {
    message: 'No node runs on this data directory',
    remedy: 'Start one: tessera start',
    ...(cause === undefined ? {} : { cause }),
  });
}
