import { TesseraError } from '../../../protocol/errors.ts';
import type { SegmentNeed } from './segment-need.ts';

/**
 * Says that no worker takes a segment, and which limits stand in the way.
 *
 * @param obstacles how many workers each limit stops; empty where some suit, or none is known
 * @param known workers that bid
 */
export function workerMissing(
  { id, prover, memory }: SegmentNeed,
  obstacles: ReadonlyMap<string, number>,
  known: number,
): TesseraError {
  const words: Record<string, (count: number) => string> = {
    prover: (count) => `${count} lack the prover ${prover}`,
    memory: (count) => `${count} have less than ${Math.ceil(memory / 2 ** 20)} MiB of memory for it`,
    price: (count) => `${count} ask for more than is offered`,
    failed: (count) => `${count} tried it in vain`,
  };
  const why = [...obstacles].map(([limit, count]) => words[limit]?.(count) ?? limit);
  if (why.length === 0) why.push(known === 0 ? 'none is known' : 'those that suit it do not take it');
  return new TesseraError('WORKER_MISSING', {
    message: `No worker suits segment ${id}: ${why.join(', ')}`,
    remedy: obstacles.has('memory')
      ? 'Slice it smaller: give more parts, e.g. --by parts=4, or a limit, e.g. --by memory=1GiB.'
      : 'Start workers (`tessera start`) and name this node or theirs by --bootstrap. What is proven is kept.',
    details: { segment: id, stops: Object.fromEntries(obstacles) },
  });
}
