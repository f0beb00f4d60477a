import type { Hex32 } from '../../protocol/edge.ts';
import type { SetupPolicy } from '../open-provers.ts';
import type { JobRequest } from '../requester/job.ts';
import type { ProverLimits } from '../requester/prover-call.ts';

/** A job that a node is asked to have proven by its peers. Survives JSON; paths are absolute. */
export interface JobOrder {
  request: Omit<JobRequest, 'limits'>;
  /** Where the certificate is written. */
  out: string;
  /** Peer ids of the only peers that may prove it, to whom its tensors go encrypted; all may unless given. */
  invite?: readonly string[];
  /** What the job may use of this machine, where it differs from the defaults. */
  limits?: Partial<ProverLimits>;
  /** Where keys come from. */
  setup?: SetupPolicy;
  srs?: { location: string; sha256: Hex32 };
}
