import type { Hex32 } from '../../../protocol/edge.ts';
import type { WorkerStage } from '../../../protocol/messages/index.ts';

/** What happens to one segment of a job that the network proves; what an earlier run came to is told again. */
export interface SegmentEvent {
  segment: number;
  id: string;
  /** `unsuited`: no worker that is known can take it. */
  state: 'assigned' | WorkerStage | 'accepted' | 'open' | 'unsuited';
  /** Empty where it is `unsuited`. */
  worker: Hex32;
  /** Why it is open again, or which limits keep everybody from it and what would help. */
  reason?: string;
}
