import { Mutex } from 'async-mutex';
import { z } from 'zod';
import { TesseraError } from '../../protocol/errors.ts';
import type { JsonFile } from './file-store.ts';

const guardSchema = z.object({
  failures: z
    .array(z.object({ claim: z.string().default(''), at: z.string(), reason: z.string().max(1_000) }))
    .max(100),
});

/** Failures in a row after which nothing is claimed any more. */
const most = 3;

/** Stops a node from claiming when its claims keep failing: each costs a bond. Outlives the process. */
export class ClaimGuard {
  readonly #file: JsonFile;
  readonly #writing = new Mutex();

  constructor(file: JsonFile) {
    this.#file = file;
  }

  /** @throws TesseraError `CLAIM_REFUSED` after too many failures in a row, with their reasons */
  async requireSound(): Promise<void> {
    const failures = await this.#load();
    if (failures.length < most) return;
    const list = failures.map(({ at, reason }) => `${at}: ${reason}`).join('\n  ');
    throw new TesseraError('CLAIM_REFUSED', {
      message: `The last ${failures.length} claims of this node failed, so it claims nothing more:\n  ${list}`,
      remedy: 'Mend what made them fail, then run: tessera claim --resume',
      details: { failures },
    });
  }

  /**
   * Counts a failure; what is tried again for the same claim counts once.
   *
   * @param claim what tells it from others
   */
  async failed(claim: string, reason: string): Promise<void> {
    const failure = { claim, at: new Date().toISOString(), reason: reason.slice(0, 1_000) };
    // Segments fail at the same time, too.
    await this.#writing.runExclusive(async () => {
      const others = (await this.#load()).filter((earlier) => earlier.claim !== claim);
      await this.#file.save({ failures: [...others, failure].slice(-100) });
    });
  }

  /** A success, or the operator's word, ends the row of failures. */
  async reset(): Promise<void> {
    await this.#writing.runExclusive(() => this.#file.save({ failures: [] }));
  }

  async #load() {
    return (await this.#file.load(guardSchema))?.failures ?? [];
  }
}
