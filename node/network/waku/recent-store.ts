import type { IStore, IWaku, LightNode } from '@waku/sdk';
import { messageLimits } from '../../../protocol/messages/index.ts';

/** Messages that a store is asked for at once, at most. */
const pageSize = 100;

/**
 * The node as reliable channels are to see it: its store gives the newest messages first, and none that could not be
 * fresh any more. On each connection the SDK asks for thirty days from the oldest on, and stops at the first page
 * whose messages name earlier ones, so that it would not come to the newest.
 */
export function withRecentStore(node: LightNode): IWaku {
  const { store } = node;
  const queryGenerator: IStore['queryGenerator'] = (decoders, options = {}) => {
    if (options.messageHashes !== undefined) return store.queryGenerator(decoders, options);
    const oldest = new Date(Date.now() - messageLimits.lifetime - messageLimits.clockSkew);
    return store.queryGenerator(decoders, {
      ...options,
      timeStart: oldest,
      timeEnd: new Date(),
      paginationForward: false,
      paginationLimit: pageSize,
    });
  };
  // Everything but the store's queries is the node's own.
  return Object.create(node, {
    store: { value: Object.create(store, { queryGenerator: { value: queryGenerator } }) },
  }) as IWaku;
}
