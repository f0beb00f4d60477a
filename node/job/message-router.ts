import type { MessageKind, MessageOf, SignedMessage } from '../../protocol/messages/index.ts';
import type { RequestHandler } from '../network/request-protocol.ts';

/** Answers the requests of one kind. */
export type KindHandler<K extends MessageKind> = (
  request: SignedMessage<MessageOf<K>>,
  options: { signal: AbortSignal },
) => Promise<SignedMessage | undefined>;

export type KindHandlers = { readonly [K in MessageKind]?: KindHandler<K> };

/** One handler of what several parts of a node answer, each its own kinds; other kinds are acknowledged only. */
export function routeMessages(...parts: readonly KindHandlers[]): RequestHandler {
  return async (request, options) => {
    for (const part of parts) {
      const handle = part[request.message.kind] as KindHandler<MessageKind> | undefined;
      if (handle !== undefined) return handle(request as SignedMessage<MessageOf<MessageKind>>, options);
    }
    return undefined;
  };
}
