import { expect, it } from 'vitest';
import { createEngineThread } from './engine-thread.ts';

const none = new Uint8Array();
const input = { proof: none, verifyingKey: none, settings: none, srs: none };

it('keeps nobody waiting for its turn who is cancelled, and answers the others', async () => {
  const engine = createEngineThread();
  try {
    const ended: string[] = [];
    const waiting = new AbortController();
    const first = engine.verify(input).finally(() => ended.push('first'));
    const second = engine.verify(input, waiting.signal).finally(() => ended.push('second'));
    const third = engine.verify(input);
    waiting.abort();
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' });
    expect(ended).toEqual(['second']);
    expect([(await first).verdict, (await third).verdict]).toEqual(['invalid', 'invalid']);
  } finally {
    await engine.close();
  }
}, 60_000);
