/**
 * The ceremony that makes a circuit's keys: many contribute, and one honest contributor of each phase is enough.
 *
 * @packageDocumentation
 * @example
 * ```ts
 * const ceremony = createCeremony({ worker, cache });
 * try {
 *   await ceremony.init(folder, constraints);
 *   await ceremony.contribute(folder); // and others, each on a machine of their own
 *   await ceremony.finalize(folder, blockHash); // closes the powers
 *   await ceremony.contribute(folder);
 *   const { verifyingKey } = await ceremony.finalize(folder, laterBlockHash);
 * } finally {
 *   await ceremony.close();
 * }
 * ```
 */
export {
  type Ceremony,
  type CeremonyInit,
  type CeremonyOptions,
  type CeremonyState,
  createCeremony,
} from './ceremony.ts';
export type { CeremonyPhase, Transcript } from './transcript.ts';
