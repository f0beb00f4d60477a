import { setTimeout as sleep } from 'node:timers/promises';
import { createLightNode, type IDecodedMessage, type IWaku, ReliableChannel } from '@waku/sdk';
import { describe, expect, it, vi } from 'vitest';
import { endSynchronisationWithChannel } from './synchronisation.ts';

const contentTopic = '/tessera/1/offers/cbor';

/** A channel that synchronises every few milliseconds and whose messages go nowhere, and a way to have it hear one. */
async function openChannel(sender: string) {
  const light = await createLightNode({
    autoStart: false,
    defaultBootstrap: false,
    networkConfig: { clusterId: 99 },
    discovery: { dns: false, peerExchange: false, peerCache: false },
  });
  const send = vi.fn(async (_: unknown, __: { payload: Uint8Array }) => ({ failures: [] }));
  let hear: ((message: IDecodedMessage) => Promise<void>) | undefined;
  const subscribe = async (_: unknown, callback: typeof hear): Promise<boolean> => {
    hear = callback;
    return true;
  };
  const channel = await ReliableChannel.create(
    { lightPush: { send }, filter: { subscribe } } as unknown as IWaku,
    contentTopic,
    sender,
    light.createEncoder({ contentTopic, shardId: 0 }),
    light.createDecoder({ contentTopic, shardId: 0 }),
    { syncMinIntervalMs: 5, processTaskMinElapseMs: 1 },
  );
  endSynchronisationWithChannel(channel);
  return { channel, send, hear: (payload: Uint8Array) => hear?.({ payload } as IDecodedMessage) };
}

describe('a stopped reliable channel', () => {
  it('synchronises no more when it still hears a message', async () => {
    const [one, other] = [await openChannel('one'), await openChannel('other')];
    const offer = new Uint8Array([1, 2, 3]);
    const heard = vi.fn();
    one.channel.addEventListener('message-received', heard);
    other.channel.send(offer);
    await expect.poll(() => other.send).toHaveBeenCalled();
    other.channel.stop();

    const synchronise = vi.spyOn(
      one.channel as unknown as { sendSyncMessage(): Promise<void> },
      'sendSyncMessage',
    );
    await expect.poll(() => synchronise).toHaveBeenCalled();
    one.channel.stop();
    synchronise.mockClear();
    for (const [, { payload }] of other.send.mock.calls) await one.hear(payload);
    await sleep(100);
    expect(heard).toHaveBeenCalledOnce();
    expect(synchronise).not.toHaveBeenCalled();
  });
});
