import { TesseraError } from '../../protocol/errors.ts';
import type { Model } from '../model/model.ts';
import type { Segment, Slicing } from '../model/slice/index.ts';
import type { Prover, Unsupported } from '../provers/prover.ts';

/** The part of a prover that says what it supports; needs no process. */
export type NodeSupport = Pick<Prover, 'unsupported'>;

/** At least one: a segment that no prover was asked about is not thereby provable. */
export type NodeSupports = readonly [NodeSupport, ...NodeSupport[]];

/** The nodes of a segment that keep it from being proven: for the prover that supports most of them. */
export function unsupportedNodes(
  model: Model,
  segment: Segment,
  provers: NodeSupports,
): readonly Unsupported[] {
  const [first, ...others] = provers;
  const unsupportedBy = (prover: NodeSupport) =>
    segment.nodes.flatMap((index) => {
      const node = model.nodes[index];
      return (node && prover.unsupported(model, node)) ?? [];
    });
  return others
    .map(unsupportedBy)
    .reduce((least, list) => (list.length < least.length ? list : least), unsupportedBy(first));
}

/** @throws TesseraError `UNPROVABLE` listing every node that no prover supports */
export function refuseUnprovable(model: Model, slicing: Slicing, provers: NodeSupports): void {
  const unsupported = slicing.segments.flatMap((segment) =>
    unsupportedNodes(model, segment, provers).map((found) => ({ segment: segment.id, ...found })),
  );
  const [first] = unsupported;
  if (first === undefined) return;
  const list = unsupported.map(({ node, operator, reason }) => `${node} (${operator}): ${reason}`);
  throw new TesseraError('UNPROVABLE', {
    message: `No installed prover supports ${unsupported.length} of the model's nodes:\n  ${list.join('\n  ')}`,
    remedy: first.remedy,
    details: { unsupported },
  });
}
