import { TesseraError } from '../../protocol/errors.ts';
import type { Prover } from './prover.ts';

/** The provers of this machine, by name. */
export type Provers = ReadonlyMap<string, Prover>;

/** @throws TesseraError `PROVER_MISSING` when this machine has no such prover */
export function proverNamed(provers: Provers, name: string): Prover {
  const prover = provers.get(name);
  if (prover !== undefined) return prover;
  throw new TesseraError('PROVER_MISSING', {
    message: `A segment is to be proven by ${name}, which this machine does not have`,
    remedy: `Run: tessera setup. Present: ${[...provers.keys()].join(', ') || 'none'}.`,
    details: { prover: name },
  });
}
