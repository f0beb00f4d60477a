import { TesseraError } from '../../../protocol/errors.ts';
import { formatStrategy } from '../../model/slice/index.ts';
import type { Reach } from '../../network/connection-keeper.ts';
import type { Candidate, Obstacle } from './claim-policy.ts';
import type { SegmentNeed } from './segment-need.ts';

/** Why nobody takes a segment. */
export interface Unsuited {
  need: SegmentNeed;
  /** How many workers each limit stops; empty where some suit, or none is known. */
  obstacles: ReadonlyMap<Obstacle, number>;
  /** Workers that bid. */
  candidates: readonly Candidate[];
}

/** Which limits keep everybody from a segment, and what would let somebody take it: for people. */
export function describeUnsuited(unsuited: Unsuited): { why: string; remedy: string } {
  const { need, obstacles, candidates } = unsuited;
  const why = [...obstacles].map(([limit, count]) => words[limit](count, need));
  if (why.length === 0) {
    why.push(candidates.length === 0 ? 'none is known' : 'those that suit it do not take it');
  }
  const remedies = [...obstacles.keys()].flatMap((limit) => remedyFor(limit, unsuited) ?? []);
  return {
    why: why.join(', '),
    remedy: [...remedies, `${startWorkers} What is proven is kept.`].join(' '),
  };
}

/** That nobody is connected, and why as far as that is known: for people; `undefined` where somebody is. */
export function describeAlone({ peers, bootstrap }: Reach): string | undefined {
  if (peers > 0) return undefined;
  const tried = bootstrap.map(
    ({ address, failure }) => `${address} cannot be reached (${failure ?? 'it has not answered yet'})`,
  );
  return ['nobody is connected', ...tried].join('; ');
}

/** Says that no worker takes a segment, and which limits stand in the way, or that this node is in no network. */
export function workerMissing(unsuited: Unsuited, reach: Reach): TesseraError {
  const { need, obstacles, candidates } = unsuited;
  const { why, remedy } = describeUnsuited(unsuited);
  const alone = candidates.length === 0 ? describeAlone(reach) : undefined;
  return new TesseraError('WORKER_MISSING', {
    message: `No worker suits segment ${need.id}: ${why}${alone === undefined ? '' : `; ${alone}`}`,
    remedy,
    details: { segment: need.id, stops: Object.fromEntries(obstacles) },
  });
}

const startWorkers = 'Start workers (`tessera start`) and name this node or theirs by --bootstrap.';

const words: Record<Obstacle, (count: number, need: SegmentNeed) => string> = {
  prover: (count, { prover }) => `${count} lack the prover ${prover}`,
  memory: (count, { memory }) =>
    `${count} give less than the ${Math.ceil(memory / 2 ** 20)} MiB of memory that it takes`,
  price: (count) => `${count} ask for more than is offered`,
  requester: (count) => `${count} do not work for this requester`,
  failed: (count) => `${count} tried it in vain`,
  disk: (count) => `${count} have no room on their disks`,
  artifact: (count) => `${count} could not use what it is made of`,
  deadline: (count) => `${count} would not have it in time`,
  busy: (count) => `${count} are busy`,
};

function remedyFor(limit: Obstacle, { need, candidates }: Unsuited): string | undefined {
  const able = candidates.filter(({ speeds }) => (speeds.get(need.prover) ?? 0) > 0);
  switch (limit) {
    case 'memory': {
      const most = Math.max(0, ...able.map(({ memory }) => memory));
      // In whole MiB, as it is read.
      const fitting = Math.floor(Math.min(most, need.memory) / 2 ** 20) * 2 ** 20;
      return fitting > 0
        ? `Slice it smaller: --by ${formatStrategy({ kind: 'limits', limits: { memory: fitting } })}.`
        : undefined;
    }
    case 'prover': {
      const provers = new Set(candidates.flatMap(({ speeds }) => [...speeds.keys()]));
      return provers.size > 0 ? `They have ${[...provers].join(', ')}: give --prover.` : undefined;
    }
    case 'price': {
      const least = able.reduce<bigint | undefined>(
        (low, { price }) => (low === undefined || price < low ? price : low),
        undefined,
      );
      return least === undefined ? undefined : `The least that is asked for a million units is ${least}.`;
    }
    default:
      return undefined;
  }
}
