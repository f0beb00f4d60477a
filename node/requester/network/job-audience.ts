import { maxInvited } from '../../../protocol/access/index.ts';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import {
  type Cancellation,
  type Offer,
  peerIdOf,
  type SignedMessage,
} from '../../../protocol/messages/index.ts';
import { type PrivateArtifacts, requireHiding } from '../../access/index.ts';
import type { ArtifactAccess } from '../../job/artifact-access.ts';
import type { RequestProtocol } from '../../network/request-protocol.ts';
import type { Transport } from '../../network/transport.ts';
import type { Logger } from '../../peer/log.ts';
import type { Job } from '../job.ts';
import { tensorsArePublic } from './public-tensors.ts';
import type { WorkerDirectory } from './worker-directory.ts';

/** Who may prove a job, and how they hear of it. */
export interface JobAudience {
  /** The only workers that may have it; everybody where it is absent. */
  invited?: ReadonlySet<Hex32>;
  /** Where they find what it is made of. */
  artifacts: ArtifactAccess;
  /** Says something to all of them. @param signal of who no longer wants it said */
  say(message: SignedMessage<Offer | Cancellation>, signal?: AbortSignal): Promise<void>;
}

export interface JobAudienceComponents {
  requests: Pick<RequestProtocol, 'request'>;
  transport: Pick<Transport, 'publish'>;
  artifacts: ArtifactAccess;
  /** Where what only invited peers may have is lent from; without it, all jobs are open. */
  privateArtifacts?: Pick<PrivateArtifacts, 'lendTo'>;
  directory: Pick<WorkerDirectory, 'sourceOf'>;
  log: Logger;
}

/**
 * Everybody, by gossip; or the invited peers, one by one.
 *
 * @param invited Ed25519 public keys; everybody unless given
 * @throws TesseraError `USAGE` for a job that would tell everybody what it is to hide, `UNPROVABLE`
 */
export function audienceOf(
  job: Job,
  invited: readonly Hex32[] | undefined,
  components: JobAudienceComponents,
): JobAudience {
  const { transport, artifacts, privateArtifacts } = components;
  if (invited === undefined) {
    if (job.committed.input || job.committed.output) throw tensorsArePublic({ onChain: false });
    return { artifacts, say: (message) => transport.publish('offers', message) };
  }
  if (privateArtifacts === undefined) {
    throw new TesseraError('USAGE', { message: 'This node has no place for jobs of invited peers' });
  }
  requireHiding(job.compiled.graph);
  const workers = new Set(invited);
  if (workers.size === 0 || workers.size > maxInvited) {
    throw new TesseraError('USAGE', { message: `A job is for 1 to ${maxInvited} invited peers` });
  }
  return {
    invited: workers,
    artifacts: privateArtifacts.lendTo(new Set(invited.map(peerIdOf))),
    say: (message, signal) => tellEach(workers, message, components, signal),
  };
}

/** One that cannot be reached now may be later. */
async function tellEach(
  workers: Iterable<Hex32>,
  message: SignedMessage,
  { requests, directory, log }: JobAudienceComponents,
  signal: AbortSignal | undefined,
): Promise<void> {
  const told = [...workers].map(async (worker) => {
    try {
      await requests.request(directory.sourceOf(worker), message, {
        timeout: tellMs,
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      log.debug({ err: error, worker }, 'an invited peer cannot be reached');
    }
  });
  await Promise.all(told);
}

/** Milliseconds to tell an invited peer something. */
const tellMs = 5_000;
