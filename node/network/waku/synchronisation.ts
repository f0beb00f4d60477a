import type { IDecodedMessage, ReliableChannel } from '@waku/sdk';

/** A part of the SDK's reliable channel that its published types keep private. */
interface Synchronising {
  restartSync(multiplier?: number): void;
}

function isSynchronising(channel: object): channel is Synchronising {
  return 'restartSync' in channel && typeof channel.restartSync === 'function';
}

/**
 * Ends a reliable channel's timed synchronisations for good when it stops. A channel of the SDK that has stopped but
 * still hears a message begins them again, and each is rejected with nobody to catch it, which ends the process.
 */
export function endSynchronisationWithChannel(channel: ReliableChannel<IDecodedMessage>): void {
  const synchronising: object = channel;
  if (!isSynchronising(synchronising)) throw new Error('the SDK’s channel has no restartSync any more');
  const restart = synchronising.restartSync.bind(channel);
  synchronising.restartSync = (multiplier) => {
    if (channel.isStarted) restart(multiplier);
  };
}
