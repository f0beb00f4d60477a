import type { Hex32 } from '../../protocol/edge.ts';
import type { Assignment, Offer, RefusalReason } from '../../protocol/messages/index.ts';

/** What a worker lets others use. */
export interface WorkerLimits {
  /** Bytes that all proofs together may use. */
  memory: number;
  /** Proofs at once. */
  parallel: number;
  /** Bytes that are to be free on the disk where segments are worked on. */
  disk: number;
  /** Peers it works for, by their keys; for all where empty. */
  requesters: ReadonlySet<Hex32>;
  /** The least that it takes for a million units of the cost model. */
  price: bigint;
}

/** Why an assignment is not taken. */
export interface Objection {
  reason: RefusalReason;
  detail: string;
}

/** What a worker has room for. */
export interface Room {
  limits: WorkerLimits;
  /** Names of the provers that it has. */
  provers: ReadonlySet<string>;
  /** Assignments that it has, and those of them that are of the same requester. */
  held: number;
  own: number;
  /** How many of so many places the requester may have. */
  share: (places: number) => number;
  /** Bytes that are free on its disk. */
  freeDisk: number;
}

/**
 * What speaks against taking an assignment, before anything of it is fetched; `undefined` where nothing does. One
 * assignment more than there are places is taken in advance.
 *
 * @param offer the job's offer, by the sender of the assignment
 */
export function objectionTo(
  assignment: Assignment,
  offer: Offer,
  { limits, provers, held, own, share, freeDisk }: Room,
): Objection | undefined {
  if (limits.requesters.size > 0 && !limits.requesters.has(assignment.sender)) {
    return { reason: 'requester', detail: 'this peer does not work for that requester' };
  }
  if (assignment.price < limits.price) {
    return {
      reason: 'price',
      detail: `at least ${limits.price} for a million units, not ${assignment.price}`,
    };
  }
  if (assignment.deadline <= assignment.issued) {
    return { reason: 'deadline', detail: 'its deadline is over when it is given' };
  }
  if (!offer.needs.some(({ prover }) => provers.has(prover))) {
    return { reason: 'prover', detail: `this peer has ${[...provers].join(', ') || 'no prover'}` };
  }
  const least = Math.min(
    ...offer.needs.filter(({ prover }) => provers.has(prover)).map((need) => need.memory),
  );
  if (least > limits.memory) {
    return { reason: 'memory', detail: `at most ${limits.memory} bytes, not ${least}` };
  }
  if (freeDisk < limits.disk) {
    return { reason: 'disk', detail: `at least ${limits.disk} bytes are to be free, not ${freeDisk}` };
  }
  if (held > limits.parallel) {
    return { reason: 'busy', detail: `it has ${held} segments of ${limits.parallel} at once` };
  }
  if (own >= share(limits.parallel + 1)) {
    return { reason: 'busy', detail: `others wait, and it has ${own} segments of this requester` };
  }
  return undefined;
}
