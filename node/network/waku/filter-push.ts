import type { LightNode } from '@waku/sdk';

const filterPush = '/vac/waku/filter-push/2.0.0-beta1';

/** A stream of the SDK's libp2p, which is of another generation than its published types say. */
interface IncomingStream {
  stream: { closeWrite(): Promise<void> };
}

/** Parts of the SDK that its published types leave out. */
interface Internals {
  filter: { protocol: { onRequest(incoming: IncomingStream): void } };
  libp2p: {
    unhandle(protocol: string): Promise<void>;
    handle(
      protocol: string,
      handler: (incoming: IncomingStream) => void,
      options: { maxInboundStreams: number },
    ): Promise<void>;
  };
}

/**
 * Lets a service node push more than 100 messages. It opens a stream for each; the SDK never closes its half of them
 * and allows 100 at once, after which nothing would be delivered any more.
 */
export async function closeFilterStreams(node: LightNode): Promise<void> {
  const { filter, libp2p } = node as unknown as Internals;
  await libp2p.unhandle(filterPush);
  await libp2p.handle(
    filterPush,
    (incoming) => {
      // A stream that the other side has reset needs no closing.
      incoming.stream.closeWrite().catch(() => undefined);
      filter.protocol.onRequest(incoming);
    },
    { maxInboundStreams: 1_024 },
  );
}
