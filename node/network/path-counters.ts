import { type GateReason, gateReasons } from './message-gate.ts';
import type { PathStatus } from './transport.ts';

/** What one path has done since it was opened. */
export class PathCounters {
  published = 0;
  delivered = 0;
  readonly #refused = Object.fromEntries(gateReasons.map((reason) => [reason, 0])) as Record<
    GateReason,
    number
  >;

  refuse(reason: GateReason): void {
    this.#refused[reason] += 1;
  }

  snapshot(): Pick<PathStatus, 'published' | 'delivered' | 'refused'> {
    return { published: this.published, delivered: this.delivered, refused: { ...this.#refused } };
  }
}
