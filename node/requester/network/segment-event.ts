import type { Hex32 } from '../../../protocol/edge.ts';
import type { WorkerStage } from '../../../protocol/messages/index.ts';

/** What happens to one segment of a job that the network proves. */
export interface SegmentEvent {
  segment: number;
  id: string;
  state: 'assigned' | WorkerStage | 'accepted' | 'open';
  worker: Hex32;
  /** Why it is open again. */
  reason?: string;
}
