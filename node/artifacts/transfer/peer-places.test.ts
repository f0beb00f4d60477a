import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { PeerPlaces } from './peer-places.ts';

const never = new AbortController().signal;

describe('the places for streams to a peer', () => {
  it('let in as many as there are, those of each peer by themselves', async () => {
    const places = new PeerPlaces(2);
    const running = new Map<string, number>();
    let most = 0;
    const work = (peer: string) => async () => {
      running.set(peer, (running.get(peer) ?? 0) + 1);
      most = Math.max(most, running.get(peer) ?? 0);
      await sleep(1);
      running.set(peer, (running.get(peer) ?? 0) - 1);
      return peer;
    };
    const peers = Array.from({ length: 20 }, (_, index) => `peer ${index % 2}`);
    expect(await Promise.all(peers.map((peer) => places.run(peer, never, work(peer))))).toEqual(peers);
    expect([most, places.size]).toEqual([2, 0]);
  });

  it('let go who is cancelled while waiting, and forget who failed', async () => {
    const places = new PeerPlaces(1);
    const { promise, reject } = Promise.withResolvers<never>();
    const first = places.run('peer', never, () => promise);
    const cancel = new AbortController();
    const second = places.run('peer', cancel.signal, async () => 'ran');
    cancel.abort();
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' });
    reject(new Error('broken'));
    await expect(first).rejects.toThrow('broken');
    expect(await places.run('peer', never, async () => 'ran')).toBe('ran');
    expect(places.size).toBe(0);
  });
});
