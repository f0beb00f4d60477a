import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { createLog } from '../peer/index.ts';
import { answerWithProgress } from './progress-stream.ts';
import { type Routes, startApi } from './server.ts';

const token = 'd'.repeat(64);

async function serve(routes: Routes): Promise<string> {
  const log = createLog('silent', { write: () => {} });
  const api = await startApi({ port: 0, token, log, routes: [routes] });
  onTestFinished(() => api.close());
  return api.url;
}

it('shows progress and then the result', async () => {
  const url = await serve((server) => {
    server.get('/v1/work', (_, reply) =>
      answerWithProgress<number, string>(
        reply,
        async (show) => {
          for (const step of [1, 2]) show(step);
          return 'done';
        },
        { everyMs: 0 },
      ),
    );
  });
  const response = await fetch(`${url}/v1/work`, { headers: { authorization: `Bearer ${token}` } });
  const lines = (await response.text()).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { progress: 1 },
    { progress: 2 },
    { result: 'done' },
  ]);
});

it('cancels the work of who was gone before it began', async () => {
  const asked = Promise.withResolvers<void>();
  const wasCancelled = Promise.withResolvers<boolean>();
  const url = await serve((server) => {
    server.get('/v1/work', async (_, reply) => {
      const closed = once(reply.raw, 'close');
      asked.resolve();
      await closed;
      await answerWithProgress(reply, async (_, signal) => wasCancelled.resolve(signal.aborted));
    });
  });
  const controller = new AbortController();
  const headers = { authorization: `Bearer ${token}` };
  const response = fetch(`${url}/v1/work`, { headers, signal: controller.signal });
  await asked.promise;
  controller.abort();
  await expect(response).rejects.toThrow();
  expect(await wasCancelled.promise).toBe(true);
});
