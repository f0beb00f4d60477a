/** What the keeper of an embedded chain and its users say to one another. */
import { join } from 'node:path';
import { z } from 'zod';
import { errorCodes } from '../../protocol/errors.ts';

/** The files of an embedded chain. */
export interface ChainFiles {
  /** What anvil reads when it starts and writes while it runs. */
  state: string;
  /** The state as it was when the chain last started. */
  previousState: string;
  /** States of earlier blocks that do not fit memory. */
  history: string;
  /** Where the chain runs, while it does. */
  endpoint: string;
  /** Held by who starts it. */
  lock: string;
}

export function chainFiles(directory: string): ChainFiles {
  return {
    state: join(directory, 'state.json'),
    previousState: join(directory, 'state.previous.json'),
    history: join(directory, 'history'),
    endpoint: join(directory, 'endpoint.json'),
    lock: join(directory, 'lock'),
  };
}

/** Where a chain runs. */
export const endpointSchema = z.object({
  /** What the keeper greets with: its port may be another program's by now. */
  id: z.uuid(),
  /** The keeper's, on loopback. */
  port: z.int().min(1).max(65_535),
  /** The keeper's process. */
  keeper: z.int().min(2),
  /** The chain's. */
  url: z.url({ protocol: /^http$/, hostname: /^127\.0\.0\.1$/ }),
  /** What tells this run of it from every other. */
  instance: z.string().regex(/^0x[0-9a-f]{64}$/),
  /** The chain's process. */
  anvil: z.int().min(2),
});
export type Endpoint = z.infer<typeof endpointSchema>;

/** The keeper's last line to a user that it lets go; the first is the chain's id. */
export const keeperFarewell = 'farewell';

/** The keeper's one line of output. */
export const keeperAnswerSchema = z.union([
  z.object({ endpoint: endpointSchema }),
  z.object({
    error: z.object({
      code: z.enum(Object.keys(errorCodes) as [keyof typeof errorCodes]),
      message: z.string(),
      remedy: z.string().optional(),
      details: z.record(z.string(), z.unknown()),
    }),
  }),
]);
export type KeeperAnswer = z.infer<typeof keeperAnswerSchema>;
