import { TesseraError } from '../../protocol/errors.ts';
import type { Model } from '../model/model.ts';
import type { Slicing } from '../model/slice/index.ts';
import type { Blocks } from '../model/tile/index.ts';
import type { Provers } from '../provers/provers.ts';
import type { Estimator } from './auto-slice.ts';
import { refuseUnprovable } from './provability.ts';

/**
 * Gives every segment the prover that is expected to be fastest among those that support all of its nodes. Tiles of
 * one tensor have one prover, since the blocks of an edge have one scheme.
 *
 * @returns the prover's name by the segment's id
 * @throws TesseraError `UNPROVABLE` with every node that no prover supports, `PROVER_MISSING` when there is none
 */
export function assignProvers(
  model: Model,
  slicing: Slicing,
  provers: Provers,
  estimate: Estimator,
  blocks: Blocks = new Map(),
): Map<string, string> {
  const [first, ...others] = provers.values();
  if (first === undefined) {
    throw new TesseraError('PROVER_MISSING', {
      message: 'This machine has no prover',
      remedy: 'Run: tessera setup',
    });
  }
  refuseUnprovable(model, slicing, [first, ...others]);
  const ofTensor = new Map<string, string>();
  return new Map(
    slicing.segments.map((segment) => {
      const tiled = segment.outputs.flatMap((name) => blocks.get(name)?.tensor ?? []);
      const known = tiled.map((tensor) => ofTensor.get(tensor)).find((name) => name !== undefined);
      const prover = known ?? estimate(model, segment)?.prover ?? first.name;
      for (const tensor of tiled) ofTensor.set(tensor, prover);
      return [segment.id, prover];
    }),
  );
}
