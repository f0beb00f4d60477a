import type { IDecodedMessage, ReliableChannel } from '@waku/sdk';

/** A part of the SDK's reliable channel that its published types keep private. */
interface Internals {
  restartSync(multiplier?: number): void;
}

/**
 * Ends a reliable channel's timed synchronisations for good when it stops. A channel of the SDK that has stopped but
 * still hears a message begins them again, and each is rejected with nobody to catch it, which ends the process.
 */
export function endSynchronisationWithChannel(channel: ReliableChannel<IDecodedMessage>): void {
  const internals = channel as unknown as Internals;
  const restart = internals.restartSync.bind(channel);
  internals.restartSync = (multiplier) => {
    if (channel.isStarted) restart(multiplier);
  };
}
