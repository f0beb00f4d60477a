import { resetPeak, residentMemory } from './resident-memory.ts';

const memorySampleMs = 50;

/** Samples a process's memory, and reports once when it passes the limit. */
export class MemoryWatch {
  readonly #pid: number | undefined;
  readonly #limit: number;
  readonly #onExceeded: (used: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #peak = 0;
  #cancelled = false;

  constructor(pid: number | undefined, limit: number | undefined, onExceeded: (used: number) => void) {
    this.#pid = pid;
    this.#limit = limit ?? Number.POSITIVE_INFINITY;
    this.#onExceeded = onExceeded;
  }

  async start(): Promise<void> {
    if (this.#pid !== undefined) await resetPeak(this.#pid);
    await this.#sample();
  }

  /** @returns the peak in bytes */
  async finish(): Promise<number> {
    this.cancel();
    if (this.#pid !== undefined) this.#peak = Math.max(this.#peak, (await residentMemory(this.#pid)).peak);
    return this.#peak;
  }

  cancel(): void {
    this.#cancelled = true;
    clearTimeout(this.#timer);
  }

  async #sample(): Promise<void> {
    if (this.#pid === undefined) return;
    const { peak } = await residentMemory(this.#pid);
    if (this.#cancelled) return;
    this.#peak = Math.max(this.#peak, peak);
    if (peak > this.#limit) this.#onExceeded(peak);
    else this.#timer = setTimeout(() => void this.#sample(), memorySampleMs);
  }
}
