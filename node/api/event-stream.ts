import type { FastifyInstance } from 'fastify';
import type { EventBus } from '../peer/index.ts';

/** Bytes that a listener may be behind; one that reads more slowly is cut off, and may come again. */
const maxBacklog = 2 ** 20;

/** Milliseconds between two comments, which keep the connection open and show a listener that is gone. */
const heartbeat = 15_000;

/** `GET /v1/events`: everything that happens from now on, as server-sent events (WHATWG HTML §9.2) whose data is JSON. */
export function eventRoutes(events: EventBus): (server: FastifyInstance) => void {
  return (server) => {
    server.get('/v1/events', (_, reply) => {
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      const write = (text: string) => {
        raw.write(text);
        if (raw.writableLength > maxBacklog) raw.destroy();
      };
      write(': open\n\n');
      const beat = setInterval(() => write(': beat\n\n'), heartbeat);
      const end = events.listen((event) => write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`));
      raw.once('close', () => {
        clearInterval(beat);
        end();
      });
    });
  };
}
