/** A job among others that use the same workers. */
export interface TurnTaker {
  /** How many of its segments workers have. */
  readonly held: number;
  /** Gives out what can be given out now. */
  takeTurn(): void;
}

/**
 * Lets the jobs of one requester share its workers. Whenever there may be room, all of them look for it, the one with the
 * fewest segments at workers first (the one that began first, of equals): so every place that becomes free goes to
 * whoever has the least, and a long job cannot keep a short one waiting until its own end.
 */
export class JobTurns {
  readonly #jobs = new Set<TurnTaker>();
  #timer: NodeJS.Timeout | undefined;
  #poked = false;
  #restsUntil = -Infinity;
  readonly #now: () => number;

  /** @param now milliseconds of a monotonic clock */
  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /** From now on the job takes its turns. */
  add(job: TurnTaker): void {
    this.#jobs.add(job);
    this.#timer ??= setInterval(() => this.poke(), turnMs);
    this.poke();
  }

  delete(job: TurnTaker): void {
    this.#jobs.delete(job);
    if (this.#jobs.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Lets all look again, soon: there may be room. However often bids say so, most of the time goes to other things. */
  poke(): void {
    if (this.#poked) return;
    this.#poked = true;
    const rest = this.#restsUntil - this.#now();
    if (rest > 0) setTimeout(() => this.#take(), rest);
    else queueMicrotask(() => this.#take());
  }

  #take(): void {
    this.#poked = false;
    const begun = this.#now();
    const jobs = [...this.#jobs].map((job) => ({ job, held: job.held }));
    for (const { job } of jobs.sort((one, other) => one.held - other.held)) job.takeTurn();
    const ended = this.#now();
    this.#restsUntil = ended + restFactor * (ended - begun);
  }
}

/** Milliseconds between two turns at most: what falls silent pokes nobody. */
const turnMs = 500;

/** How much longer than a turn took none is taken. */
const restFactor = 4;
