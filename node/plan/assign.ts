import { TesseraError } from '../../protocol/errors.ts';
import type { Model } from '../model/model.ts';
import type { Slicing } from '../model/slice/index.ts';
import type { Provers } from '../provers/provers.ts';
import { refuseUnprovable, unsupportedNodes } from './provability.ts';

/**
 * Gives every segment the first of these provers that supports all of its nodes.
 *
 * @param provers in the order of preference
 * @returns the prover's name by the segment's id
 * @throws TesseraError `UNPROVABLE` with every node that no prover supports, `PROVER_MISSING` when there is none
 */
export function assignProvers(model: Model, slicing: Slicing, provers: Provers): Map<string, string> {
  const [first, ...others] = provers.values();
  if (first === undefined) {
    throw new TesseraError('PROVER_MISSING', {
      message: 'This machine has no prover',
      remedy: 'Run: tessera setup',
    });
  }
  refuseUnprovable(model, slicing, [first, ...others]);
  return new Map(
    slicing.segments.map((segment) => {
      const able = [first, ...others].find(
        (prover) => unsupportedNodes(model, segment, [prover]).length === 0,
      );
      return [segment.id, (able ?? first).name];
    }),
  );
}
