import type { Writable } from 'node:stream';
import { styleText } from 'node:util';
import type { TesseraError } from '../../protocol/errors.ts';
import type { Progress } from '../progress.ts';
import { printableLines, printableStyled } from './printable.ts';
import { ProgressView } from './progress-view.ts';

export interface OutputInit {
  stdout: Writable;
  stderr: Writable;
  /** Whether standard output carries one JSON value and nothing else. */
  json: boolean;
  /** Whether progress is shown; by default only without `json`. */
  progress?: boolean;
}

type Style = Parameters<typeof styleText>[0];

/** Where a verb's words go: its result to standard output, everything else to standard error. */
export class Output {
  readonly json: boolean;
  readonly #stdout: Writable;
  readonly #stderr: Writable;
  readonly #progress: ProgressView | undefined;

  constructor({ stdout, stderr, json, progress = !json }: OutputInit) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.json = json;
    this.#progress = progress ? new ProgressView(stderr) : undefined;
  }

  /** Prints the verb's one result: `value` for programs, `text` for people. */
  result(value: object, text: string): void {
    this.#progress?.close();
    this.#stdout.write(this.json ? `${stringify(value)}\n` : `${printableStyled(text)}\n`);
  }

  /** Says something that is not the result. */
  note(text: string): void {
    this.#progress?.clear();
    this.#stderr.write(`${printableLines(text)}\n`);
  }

  /** Says something that whoever relies on the result has to know. */
  warn(text: string): void {
    this.#progress?.clear();
    this.#stderr.write(`${this.style('yellow', 'Warning', this.#stderr)}: ${printableLines(text)}\n`);
  }

  progress(event: Progress): void {
    if (event.type === 'note') this.note(event.message);
    else this.#progress?.show(event);
  }

  error(error: TesseraError): void {
    this.#progress?.close();
    if (this.json) this.#stdout.write(`${stringify({ error })}\n`);
    const lines = [error.message];
    if (error.remedy !== undefined) lines.push(`What to do: ${error.remedy}`);
    if (error.code === 'INTERNAL' && error.cause instanceof Error) lines.push(error.cause.stack ?? '');
    const code = this.style('red', error.code, this.#stderr);
    this.#stderr.write(`${code}: ${printableLines(lines.join('\n'))}\n`);
  }

  /** Ends the progress display, so that the terminal is left clean. */
  close(): void {
    this.#progress?.close();
  }

  /** Colours text if the stream and the environment (`NO_COLOR`, `FORCE_COLOR`) want colours. */
  style(style: Style, text: string, stream: Writable = this.#stdout): string {
    return styleText(style, text, { stream });
  }
}

function stringify(value: object): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? item.toString() : item));
}
