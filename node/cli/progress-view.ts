import { clearLine, cursorTo } from 'node:readline';
import type { Writable } from 'node:stream';
import { showDuration } from '../duration.ts';
import { showMemory } from '../memory.ts';
import type { Progress, Stage } from '../progress.ts';
import { printable } from './printable.ts';

type StageProgress = Extract<Progress, { type: 'stage' }>;

/** How often the line on a terminal is drawn anew, so that a person sees that work goes on. */
const tickMilliseconds = 1_000;
/** Without a terminal, a stage that moves says where it is at most this often. */
const quietMilliseconds = 10_000;
/** Without a terminal, a stage that does not move says so this often. */
const silenceMilliseconds = 60_000;

/** As if the plan had been right for this long already, so that one short segment does not set the pace. */
const trustedSeconds = 5;
/** By how much an estimate may be off before that is said. */
const slackSeconds = 10;

/** What goes on in a stage, for people. */
const words: Record<Stage, string> = {
  download: 'transferring',
  import: 'reading the model',
  slice: 'writing segments',
  plan: 'planning',
  compile: 'making circuits and keys',
  execute: 'running the model',
  prove: 'proving',
  certify: 'checking and writing the certificate',
  verify: 'checking proofs',
};

/**
 * Shows what goes on, how long it has taken and how long it may still take: one line on a terminal, a line now and then
 * elsewhere.
 */
export class ProgressView {
  readonly #stream: Writable & { isTTY?: boolean; columns?: number };
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #latest: StageProgress | undefined;
  #startedAt = 0;
  #movedAt = 0;
  #shownAt = 0;
  #drawn = false;
  #written = '';

  constructor(stream: Writable, now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
  }

  show(event: StageProgress): void {
    const isNew = event.stage !== this.#latest?.stage || event.done < this.#latest.done;
    this.#movedAt = this.#now();
    if (isNew) this.#startedAt = this.#movedAt;
    this.#latest = event;
    this.#timer ??= setInterval(() => this.tick(), tickMilliseconds).unref();
    const isQuiet = !isNew && !isOver(event) && this.#movedAt - this.#shownAt < quietMilliseconds;
    if (this.#stream.isTTY || !isQuiet) this.#draw(event);
  }

  /** Shows that time passes though nothing is told. */
  tick(): void {
    const event = this.#latest;
    if (event === undefined || isOver(event)) return;
    if (this.#stream.isTTY || this.#now() - this.#shownAt >= silenceMilliseconds) this.#draw(event);
  }

  /** Takes the line off the terminal, until there is more to show. */
  clear(): void {
    if (!this.#drawn) return;
    clearLine(this.#stream, 0);
    cursorTo(this.#stream, 0);
    this.#drawn = false;
  }

  /** Ends the display. */
  close(): void {
    this.clear();
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#latest = undefined;
  }

  #draw(event: StageProgress): void {
    const now = this.#now();
    const line = describe(event, {
      whole: (now - this.#startedAt) / 1000,
      still: (now - this.#movedAt) / 1000,
    });
    if (this.#stream.isTTY) {
      this.clear();
      this.#stream.write(line.slice(0, (this.#stream.columns || 80) - 1));
      this.#drawn = true;
    } else {
      if (line !== this.#written) this.#stream.write(`${line}\n`);
      this.#written = line;
      this.#shownAt = now;
    }
  }
}

/** Seconds since the stage began, and since it told something last. */
interface Elapsed {
  whole: number;
  still: number;
}

const isOver = ({ done, total }: StageProgress) => total > 0 && done >= total;

function describe(event: StageProgress, elapsed: Elapsed): string {
  const { stage, detail } = event;
  const parts = [`${words[stage]}${describeCount(event)}`];
  if (detail !== undefined) parts.push(printable(detail));
  if (elapsed.whole >= 1) parts.push(showDuration(elapsed.whole));
  const left = isOver(event) ? undefined : secondsLeft(event, elapsed);
  if (left !== undefined) {
    parts.push(left > -slackSeconds ? `about ${showDuration(left)} left` : 'longer than expected');
  }
  return parts.join(' · ');
}

/** Bytes of a download, as far as they are known; the number of parts elsewhere, where there are several. */
function describeCount({ stage, done, total }: StageProgress): string {
  if (stage !== 'download') return total === 1 ? '' : ` ${done}/${total}`;
  const size = total > 0 ? ` of ${showMemory(total)}` : '';
  return done === 0 && total === 0 ? '' : ` ${showMemory(done)}${size}`;
}

/** Nothing where nobody knows; below 0 where it should be over. The plan's word counts the less, the more is done. */
function secondsLeft(
  { done, total, expected }: StageProgress,
  { whole, still }: Elapsed,
): number | undefined {
  const took = whole - still;
  if (expected !== undefined) {
    const pace = (took + trustedSeconds) / (expected.done + trustedSeconds);
    return (expected.total - expected.done) * pace - still;
  }
  return done > 0 && total > 0 ? (took / done) * (total - done) - still : undefined;
}
