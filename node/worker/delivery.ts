import { setTimeout as sleep } from 'node:timers/promises';
import { messageLimits, type SignedMessage } from '../../protocol/messages/index.ts';
import type { RequestProtocol, RequestTarget } from '../network/request-protocol.ts';
import type { Logger } from '../peer/log.ts';

export interface DeliveryInit {
  /** Who is to have it, at the addresses by which it is reached now. */
  target: () => RequestTarget;
  /** Signs the message, and signs it anew before it is stale. */
  sign: () => SignedMessage;
  /** Milliseconds before it is sent again; doubled up to {@link maxRetryMs}. */
  retry: number;
}

export interface DeliveryComponents {
  requests: Pick<RequestProtocol, 'request'>;
  log: Logger;
}

/** Soon enough that a requester that was started anew hears of its segment before it takes the worker for dead. */
export const maxRetryMs = 5_000;

/**
 * Sends a message until it is answered, whatever the answer.
 *
 * @throws the signal's reason when that ends it
 */
export async function deliver(
  { target, sign, retry }: DeliveryInit,
  { requests, log }: DeliveryComponents,
  signal: AbortSignal,
): Promise<SignedMessage | undefined> {
  let message = sign();
  let signedAt = performance.now();
  for (let pause = retry; ; pause = Math.min(2 * pause, maxRetryMs)) {
    try {
      return await requests.request(target(), message, { signal });
    } catch (error) {
      signal.throwIfAborted();
      log.debug({ err: error }, 'the requester cannot be reached');
      await sleep(pause, undefined, { signal });
      if (performance.now() - signedAt < messageLimits.lifetime / 2) continue;
      message = sign();
      signedAt = performance.now();
    }
  }
}
