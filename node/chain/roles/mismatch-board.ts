import { Mutex } from 'async-mutex';
import type { Hex32 } from '../../../protocol/edge.ts';
import type { MarketMismatch } from '../../../protocol/messages/index.ts';
import type { Signer } from '../../job/signer.ts';
import type { Transport } from '../../network/transport.ts';
import type { Logger } from '../../peer/log.ts';
import type { ChainDirectory } from '../chain-directory.ts';
import { keepMismatch, type Mismatch } from '../mismatch.ts';

export interface MismatchBoardInit {
  transport: Pick<Transport, 'publish' | 'subscribe'>;
  signer: Pick<Signer, 'sign'>;
  files: Pick<ChainDirectory, 'mismatches'>;
  log: Logger;
  /** Milliseconds between two times that the same is said: one message may reach nobody. */
  repeatMs?: number;
  /** Milliseconds for which a segment that others complain of waits: its requester judges and closes the job in these. */
  graceMs?: number;
}

interface Known {
  /** What this node found, by segment, and when it last said so on the clock of `performance.now()`. */
  found: Map<number, { mismatch: Mismatch; saidAt: number }>;
  /** When somebody first complained of a segment. */
  heardAt: Map<number, number>;
}

/**
 * Wrong roots of the jobs that a node follows. What it finds itself is kept, and said to everybody until the job is
 * over. What others say is believed by nobody: it makes a segment wait once, for as long as its requester needs to
 * compute it again; after that this node looks for itself.
 */
export class MismatchBoard {
  readonly #init: Required<MismatchBoardInit>;
  readonly #jobs = new Map<Hex32, Known>();
  readonly #keeping = new Mutex();
  readonly #unsubscribe: () => void;

  constructor(init: MismatchBoardInit) {
    this.#init = { repeatMs: 60_000, graceMs: 120_000, ...init };
    this.#unsubscribe = init.transport.subscribe('offers', ({ message }) => {
      if (message.kind === 'market-mismatch') this.#hear(message);
    });
  }

  close(): void {
    this.#unsubscribe();
  }

  /** From now on it is heard what others say of this job. */
  follow(job: Hex32): void {
    if (!this.#jobs.has(job)) this.#jobs.set(job, { found: new Map(), heardAt: new Map() });
  }

  forget(job: Hex32): void {
    this.#jobs.delete(job);
  }

  /** Keeps what this node has computed itself, and says it. */
  async found(job: Hex32, mismatch: Mismatch): Promise<void> {
    await this.#keeping.runExclusive(() => keepMismatch(this.#init.files.mismatches(job), mismatch));
    this.#jobs.get(job)?.found.set(mismatch.segment, { mismatch, saidAt: performance.now() });
    await this.#say(job, mismatch);
  }

  /** Says again what it is time for. */
  async repeat(): Promise<void> {
    for (const [job, { found }] of this.#jobs) {
      for (const entry of found.values()) {
        if (performance.now() - entry.saidAt < this.#init.repeatMs) continue;
        entry.saidAt = performance.now();
        await this.#say(job, entry.mismatch);
      }
    }
  }

  /** Whether a segment is to wait, because somebody complains of it. */
  isDoubted(job: Hex32, segment: number): boolean {
    const heardAt = this.#jobs.get(job)?.heardAt.get(segment);
    return heardAt !== undefined && performance.now() - heardAt < this.#init.graceMs;
  }

  #hear({ job, segment, sender }: MarketMismatch): void {
    const known = this.#jobs.get(job);
    if (known === undefined || known.heardAt.has(segment)) return;
    known.heardAt.set(segment, performance.now());
    this.#init.log.info({ job, segment, peer: sender }, 'a peer says that a job is wrong');
  }

  async #say(job: Hex32, mismatch: Mismatch): Promise<void> {
    const { transport, signer, log } = this.#init;
    try {
      await transport.publish(
        'offers',
        signer.sign<MarketMismatch>({ kind: 'market-mismatch', job, ...mismatch }),
      );
    } catch (error) {
      log.warn({ err: error, job }, 'nobody could be told of a wrong job');
    }
  }
}
