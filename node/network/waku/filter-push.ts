import type { LightNode } from '@waku/sdk';

const filterPush = '/vac/waku/filter-push/2.0.0-beta1';

/** A message that is pushed. The SDK's libp2p is of another generation than its published types say. */
interface Push {
  stream: { closeWrite(): Promise<void> };
}

/** A part of the SDK that its published types leave out. */
interface Receiver {
  protocol: { onRequest(push: Push): void };
}

/**
 * Lets a service node push more than 100 messages. It opens a stream for each; the SDK never closes its half of them
 * and allows 100 at once, after which nothing would be delivered any more.
 *
 * @throws Error when the SDK no longer has the parts that this needs
 */
export async function closeFilterStreams({ filter, libp2p }: LightNode): Promise<void> {
  const receiver: object = filter;
  if (!isReceiver(receiver)) throw new Error('the SDK’s filter has no protocol.onRequest any more');
  await libp2p.unhandle(filterPush);
  await libp2p.handle(
    filterPush,
    (push: unknown) => {
      if (!isPush(push)) throw new Error('the SDK’s libp2p hands over no stream that can be closed any more');
      // A stream that the other side has reset needs no closing.
      push.stream.closeWrite().catch(() => undefined);
      receiver.protocol.onRequest(push);
    },
    { maxInboundStreams: 1_024 },
  );
}

function isReceiver(filter: object): filter is Receiver {
  return 'protocol' in filter && hasMethod(filter.protocol, 'onRequest');
}

function isPush(push: unknown): push is Push {
  return (
    typeof push === 'object' && push !== null && 'stream' in push && hasMethod(push.stream, 'closeWrite')
  );
}

function hasMethod(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'function';
}
