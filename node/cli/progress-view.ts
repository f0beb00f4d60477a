import { clearLine, cursorTo } from 'node:readline';
import type { Writable } from 'node:stream';
import type { Progress } from '../progress.ts';
import { printable } from './printable.ts';

type StageProgress = Extract<Progress, { type: 'stage' }>;

/** Without a terminal, a stage says where it is at most this often. */
const quietMilliseconds = 10_000;

/** Shows how far the current stage is and how long it may take: one line on a terminal, a line now and then elsewhere. */
export class ProgressView {
  readonly #stream: Writable & { isTTY?: boolean; columns?: number };
  readonly #now: () => number;
  #stage: string | undefined;
  #startedAt = 0;
  #shownAt = 0;
  #drawn = false;

  constructor(stream: Writable, now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
  }

  show(event: StageProgress): void {
    const now = this.#now();
    const isNew = event.stage !== this.#stage;
    if (isNew) {
      this.#stage = event.stage;
      this.#startedAt = now;
    }
    const line = describe(event, now - this.#startedAt);
    if (this.#stream.isTTY) {
      this.clear();
      this.#stream.write(line.slice(0, (this.#stream.columns ?? 80) - 1));
      this.#drawn = true;
    } else if (isNew || event.done === event.total || now - this.#shownAt >= quietMilliseconds) {
      this.#stream.write(`${line}\n`);
      this.#shownAt = now;
    }
  }

  /** Takes the line off the terminal. */
  clear(): void {
    if (!this.#drawn) return;
    clearLine(this.#stream, 0);
    cursorTo(this.#stream, 0);
    this.#drawn = false;
  }
}

function describe({ stage, done, total, detail }: StageProgress, elapsed: number): string {
  const parts = [`${stage} ${done}/${total}`];
  if (detail !== undefined) parts.push(printable(detail));
  if (done > 0 && done < total) parts.push(`about ${duration((elapsed / done) * (total - done))} left`);
  return parts.join(' · ');
}

/** E.g. `45 s`, `3 min`, `1 h 20 min`. */
function duration(milliseconds: number): string {
  const seconds = Math.max(1, Math.round(milliseconds / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
