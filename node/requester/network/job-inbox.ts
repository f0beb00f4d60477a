import { TesseraError } from '../../../protocol/errors.ts';
import type {
  EdgeMismatch,
  Refusal,
  SignedMessage,
  Submission,
  WorkerProgress,
} from '../../../protocol/messages/index.ts';
import { throwIfAborted } from '../../abort.ts';
import type { Logger } from '../../peer/log.ts';
import type { EdgeJudge } from './edge-judge.ts';
import type { JobCancellations } from './job-cancellations.ts';
import type { JobState } from './job-state.ts';
import type { ProofJudge, ProofVerdict } from './proof-judge.ts';
import type { Claimant } from './segment-ledger.ts';
import type { WorkerDirectory } from './worker-directory.ts';

export interface JobInboxComponents {
  state: JobState;
  proofs: Pick<ProofJudge, 'judgeSubmission'>;
  edges: Pick<EdgeJudge, 'holds'>;
  directory: Pick<WorkerDirectory, 'sourceOf'>;
  cancellations: Pick<JobCancellations, 'sign'>;
  log: Logger;
}

/** Takes what workers say about one job's segments, has it judged, and answers. Who has no say any more is told so. */
export class JobInbox {
  readonly #components: JobInboxComponents;

  constructor(components: JobInboxComponents) {
    this.#components = components;
  }

  async onProgress({ message }: SignedMessage<WorkerProgress>): Promise<SignedMessage | undefined> {
    const { state, cancellations } = this.#components;
    const { segment, stage, sender } = message;
    const claimant = claimantOf(message);
    if (!state.segments.holds(claimant)) {
      return cancellations.sign(state.segments.isAccepted(segment) ? 'proven' : 'reassigned', segment);
    }
    state.hear(segment, sender);
    if (stage !== 'queued' && stage !== 'fetching') state.begin(claimant);
    state.tell(segment, stage, sender);
    return undefined;
  }

  async onRefusal({ message }: SignedMessage<Refusal>): Promise<undefined> {
    const { state } = this.#components;
    if (state.segments.holds(claimantOf(message))) state.refuse(message);
    return undefined;
  }

  /**
   * A submission is acknowledged when it is judged; a wrong one ends its worker's part in every job.
   *
   * @throws TesseraError `NETWORK_FAILED` while another submission of its assignment is being judged
   */
  async onSubmission({ message }: SignedMessage<Submission>): Promise<SignedMessage | undefined> {
    const { state, cancellations } = this.#components;
    const { segment, assignment } = message;
    if (state.segments.isAccepted(segment)) return undefined;
    if (!state.segments.wasGiven(claimantOf(message))) return cancellations.sign('reassigned', segment);
    return state.whileJudging(assignment, () => this.#judge(message));
  }

  /** A worker says that the job fixes other values than its segment gives: this machine finds out who is right. */
  async onMismatch({ message }: SignedMessage<EdgeMismatch>): Promise<undefined> {
    const { state, edges } = this.#components;
    const { segment, sender, edge, block } = message;
    if (!state.segments.holds(claimantOf(message))) return undefined;
    if (await edges.holds(segment, state.ended)) {
      await this.#keep(state.dismiss(segment, sender, 'it claims an edge mismatch where there is none'));
      return undefined;
    }
    const id = state.segments.needOf(segment)?.id ?? '';
    state.fail(
      new TesseraError('EDGE_MISMATCH', {
        message: `A worker computed another value of edge ${edge}, block ${block}, in segment ${id} than the job fixes, and so does this machine now`,
        remedy: 'Run the job again; if this comes back, this machine’s memory or disk may be failing.',
        details: { segment: id, edge, block, worker: sender },
      }),
    );
    return undefined;
  }

  async #judge(message: Submission): Promise<SignedMessage | undefined> {
    const { segment, sender, job } = message;
    const { state, proofs, directory, cancellations, log } = this.#components;
    if (state.segments.holds(claimantOf(message))) state.hear(segment, sender);
    let verdict: ProofVerdict;
    try {
      verdict = await proofs.judgeSubmission(message, directory.sourceOf(sender), state.ended);
    } catch (error) {
      throwIfAborted(state.ended);
      log.info({ job, segment, worker: sender, err: error }, 'no proof came');
      await this.#keep(state.breach(claimantOf(message), 'it does not serve its proof'));
      return cancellations.sign('reassigned', segment);
    }
    if (verdict.kind === 'wrong') await this.#keep(state.dismiss(segment, sender, verdict.reason));
    else await this.#keep(state.accept(segment, sender, verdict.proof));
    return undefined;
  }

  /** Ends the job where a judgement cannot be kept: that is this machine's fault, and goes on with the next one. */
  async #keep(kept: Promise<void>): Promise<void> {
    try {
      await kept;
    } catch (error) {
      this.#components.state.fail(error);
      throw error;
    }
  }
}

function claimantOf({
  segment,
  assignment,
  sender,
}: Submission | Refusal | EdgeMismatch | WorkerProgress): Claimant {
  return { segment, assignment, worker: sender };
}
