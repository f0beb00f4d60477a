import { type DestinationStream, type Logger, pino } from 'pino';
import type { Configuration } from '../configuration/index.ts';

export type { Logger };

/**
 * A node's log: one JSON object a line. Its levels mean
 *
 * - `fatal`: the node cannot go on; it stops.
 * - `error`: a fault of this program or this machine; something was not done.
 * - `warn`: something that its owner should know and may have to do something about.
 * - `info`: what an owner wants to see once: started, stopped, a job taken or ended.
 * - `debug`: what others did: peers that come, go or misbehave. Nobody can fill a disk at `info`.
 * - `trace`: every message.
 */
export function createLog(level: Configuration['logLevel'], destination: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}
