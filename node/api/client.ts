import { readFile } from 'node:fs/promises';
import { type ErrorCode, errorCodes, TesseraError } from '../../protocol/errors.ts';
import { throwIfAborted } from '../abort.ts';
import type { NodeFiles } from '../store/index.ts';
import { readToken } from './token.ts';

/** The running node of a data directory, by its local API. */
export interface ApiClient {
  url: string;
  /** @param path E.g. `/v1/status` */
  get<T>(path: string, options?: { signal?: AbortSignal }): Promise<T>;
  post<T>(path: string, body: object, options?: { signal?: AbortSignal }): Promise<T>;
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
  const call = <T>(path: string, init: RequestInit) => send<T>(`${url}${path}`, token, init);
  return {
    url,
    get: (path, { signal } = {}) => call(path, signal === undefined ? {} : { signal }),
    post: (path, body, { signal } = {}) =>
      call(path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
        ...(signal === undefined ? {} : { signal }),
      }),
  };
}

async function send<T>(url: string, token: string, init: RequestInit): Promise<T> {
  const headers = { ...init.headers, authorization: `Bearer ${token}` };
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers });
  } catch (cause) {
    throwIfAborted(init.signal ?? undefined);
    throw nodeMissing(cause);
  }
  const body: unknown = await response.json();
  if (!response.ok) throw errorOf(body, response.status);
  return body as T;
}

async function readAddress(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function errorOf(body: unknown, status: number): TesseraError {
  const { error } = body as { error?: { code?: string; message?: string; remedy?: string } };
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
