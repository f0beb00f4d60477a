import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TesseraError } from '../../protocol/errors.ts';
import { createLog, EventBus } from '../peer/index.ts';
import { eventRoutes } from './event-stream.ts';
import { type Api, startApi } from './server.ts';

const token = 'a'.repeat(64);
const events = new EventBus();
const lines: string[] = [];
let api: Api;

beforeAll(async () => {
  api = await startApi({
    port: 0,
    token,
    log: createLog('error', { write: (line) => void lines.push(line) }),
    routes: [
      eventRoutes(events),
      (server) => {
        server.post('/v1/echo', async ({ body }) => body);
        server.get('/v1/fault', async () => {
          throw new Error('secret');
        });
        server.get('/v1/missing', async () => {
          throw new TesseraError('INPUT_INVALID', { message: 'no such thing', remedy: 'name another' });
        });
      },
    ],
  });
});

afterAll(() => api.close());

interface Sent {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** As `fetch`, which does not let one choose the host's name. */
async function send(
  path: string,
  { method = 'GET', headers = {}, body }: Sent = {},
): Promise<IncomingMessage> {
  const sent = httpRequest(`${api.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return response;
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return text;
}

describe('the local API', () => {
  it('answers to its own names only, so that no web page can be led to it by another', async () => {
    expect((await send('/v1/missing', { headers: { host: 'tessera.example' } })).statusCode).toBe(400);
    expect((await send('/v1/events', { headers: { host: 'localhost' } })).statusCode).toBe(200);
  });

  it('reads no body of a request without a token, nor one above its limit', async () => {
    const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":1}' };
    expect(await textOf(await send('/v1/echo', post))).toBe('{"a":1}');
    expect(
      (await send('/v1/echo', { ...post, headers: { ...post.headers, authorization: '' } })).statusCode,
    ).toBe(401);
    const large = { ...post, body: JSON.stringify('a'.repeat(2 ** 20)) };
    expect((await send('/v1/echo', large)).statusCode).toBe(413);
    expect((await send('/v1/echo', { ...post, body: '{' })).statusCode).toBe(400);
  });

  it('gives errors their code, and keeps a fault’s words to its log', async () => {
    const missing = await send('/v1/missing');
    expect(missing.statusCode).toBe(400);
    expect(JSON.parse(await textOf(missing))).toEqual({
      error: { code: 'INPUT_INVALID', message: 'no such thing', remedy: 'name another', details: {} },
    });
    const fault = await send('/v1/fault');
    expect(fault.statusCode).toBe(500);
    expect(await textOf(fault)).not.toContain('secret');
    expect(lines.join('')).toContain('secret');
  });

  it('streams what happens, to all who listen, from when they come', async () => {
    events.emit({ type: 'peer:connect', peer: 'earlier' });
    const listeners = await Promise.all([send('/v1/events'), send('/v1/events')]);
    for (const listener of listeners) {
      expect(listener.headers['content-type']).toBe('text/event-stream');
      const [opened] = (await once(listener.setEncoding('utf8'), 'data')) as [string];
      expect(opened).toBe(': open\n\n');
    }
    const heard = listeners.map((listener) => once(listener, 'data'));
    events.emit({ type: 'peer:connect', peer: 'one' });
    expect((await Promise.all(heard)).flat()).toEqual(
      Array(2).fill('event: peer:connect\ndata: {"type":"peer:connect","peer":"one"}\n\n'),
    );
    for (const listener of listeners) listener.destroy();
  });
});
