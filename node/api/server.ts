import { createHash, timingSafeEqual } from 'node:crypto';
import fastify, { type FastifyInstance } from 'fastify';
import { errorCodes, TesseraError } from '../../protocol/errors.ts';
import type { Logger } from '../peer/log.ts';

/** Adds routes of one concern. Every path begins with the API's version, `/v1/`. */
export type Routes = (server: FastifyInstance) => void;

export interface ApiInit {
  /** On loopback; 0 takes a free one. */
  port: number;
  /** What every request must show: `Authorization: Bearer TOKEN`. */
  token: string;
  routes: readonly Routes[];
  log: Logger;
}

export interface Api {
  /** E.g. `http://127.0.0.1:4800`. */
  url: string;
  close(): Promise<void>;
}

/** Bytes of a request's body at most. */
const bodyLimit = 2 ** 20;

/** Milliseconds for a request to come in, its body included: an upload of gigabytes may come by a slow tunnel. */
const requestTimeout = 3_600_000;

/**
 * Serves a node's local API: HTTP on loopback, for programs of whoever can read the token file. A request that shows
 * no token, or was meant for another host (as a web page's would be whose name was pointed here), is refused before
 * anything of it is read.
 *
 * @throws TesseraError `NETWORK_FAILED` when the port is taken
 */
export async function startApi({ port, token, routes, log }: ApiInit): Promise<Api> {
  const server = fastify({ bodyLimit, forceCloseConnections: true, requestTimeout });
  server.addHook('onRequest', async ({ headers, hostname }) => {
    if (!loopbackNames.has(hostname))
      throw new TesseraError('USAGE', { message: `${hostname} is not this machine` });
    if (!isToken(headers.authorization, token)) throw unauthorised();
  });
  server.setNotFoundHandler(async ({ method, url }, reply) => {
    await reply
      .code(404)
      .send({ error: { code: 'USAGE', message: `No route: ${method} ${url.slice(0, 200)}` } });
  });
  server.setErrorHandler(async (error, _, reply) => {
    const { status, body } = answerTo(error);
    if (status >= 500) log.error({ err: error }, 'an API request failed');
    await reply.code(status).send({ error: body });
  });
  for (const add of routes) add(server);
  let url: string;
  try {
    url = await server.listen({ host: '127.0.0.1', port });
  } catch (cause) {
    throw new TesseraError('NETWORK_FAILED', {
      message: `The local API cannot listen on port ${port}: ${(cause as Error).message}`,
      remedy: 'Give another port with --api-port; 0 takes a free one.',
      cause,
    });
  }
  return { url, close: () => server.close() };
}

const loopbackNames = new Set(['127.0.0.1', 'localhost']);

function isToken(header: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  // Digests have one length, so that the comparison tells nothing of the token's.
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`));
}

function unauthorised(): TesseraError {
  return new TesseraError('API_REFUSED', {
    message: 'The request shows no token, or not this node’s',
    remedy:
      'Send "Authorization: Bearer TOKEN" with what stands in the file api-token of the node’s directory.',
  });
}

function answerTo(error: unknown): { status: number; body: object } {
  if (error instanceof TesseraError) return { status: statusOf(error), body: error.toJSON() };
  const status = isHttpError(error) && error.statusCode < 500 ? error.statusCode : 500;
  return {
    status,
    body: {
      code: status < 500 ? 'USAGE' : 'INTERNAL',
      message: status < 500 ? String(error) : 'A fault of the node; its log says more',
    },
  };
}

function statusOf(error: TesseraError): number {
  if (error.code === 'API_REFUSED') return 401;
  if (error.code === 'INTERNAL') return 500;
  return errorCodes[error.code].exit === 2 ? 400 : 422;
}

function isHttpError(error: unknown): error is Error & { statusCode: number } {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number';
}
