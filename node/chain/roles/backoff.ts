/** Waits twice as long after each failure in a row. */
export class Backoff {
  readonly #first: number;
  readonly #longest: number;
  #failures = 0;
  /** On the clock of `performance.now()`. */
  #until = 0;

  /** @param bounds in seconds */
  constructor({ first, longest }: { first: number; longest: number }) {
    this.#first = first;
    this.#longest = longest;
  }

  failed(): void {
    const seconds = Math.min(this.#longest, this.#first * 2 ** this.#failures);
    this.#failures += 1;
    this.#until = performance.now() + 1_000 * seconds;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#until = 0;
  }

  /** Seconds that are left to wait. */
  get seconds(): number {
    return Math.max(0, (this.#until - performance.now()) / 1_000);
  }
}
