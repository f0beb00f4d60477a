import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import pLimit from 'p-limit';
import { TesseraError } from '../../../protocol/errors.ts';
import { encodeFrame, FrameDecoder } from './frame.ts';
import { parseWorkerMessage, processProtocol, type WorkerMessage } from './messages.ts';
import { resetPeak, residentMemory } from './resident-memory.ts';

export interface ProverProcessInit {
  /** For messages to people, e.g. `ezkl`. */
  name: string;
  command: string;
  args: readonly string[];
  /** The version that the worker must state; another one is not used. */
  version: string;
  /** The whole environment of the process; nothing is inherited. */
  env: Readonly<Record<string, string>>;
  cwd?: string;
  /**
   * Resident bytes that the process may keep between two requests; one that keeps more is ended, and the next request
   * starts another. Without it a process keeps what its allocator does not give back. Holds where the system tells.
   */
  keptMemory?: number;
}

export interface RequestOptions {
  signal?: AbortSignal;
  /** Resident bytes that the process and its descendants may use. */
  memoryLimit?: number;
  /** Milliseconds that the request may take once it is its turn. */
  timeout?: number;
  onStep?: (step: string) => void;
  /** Lines that the worker and its libraries print. */
  onLog?: (line: string) => void;
}

export interface Answer {
  value: unknown;
  seconds: number;
  /** Highest resident memory while the request ran, in bytes; 0 where the system does not tell. */
  peakBytes: number;
}

/** What a worker said of itself. */
export interface WorkerIdentity {
  worker: string;
  version: string;
}

const memorySampleMs = 50;
const startTimeoutMs = 60_000;
/** Last lines of standard error that an error carries. */
const keptLines = 20;
const maxLineLength = 2_000;

/** A started process: ends once, with a reason. */
interface Running {
  child: ChildProcessWithoutNullStreams;
  identity: Promise<WorkerIdentity>;
  lines: string[];
  onMessage: ((message: WorkerMessage) => void) | undefined;
  onLog: ((line: string) => void) | undefined;
  ended: Promise<TesseraError>;
  stop: (reason: TesseraError) => void;
}

/**
 * One warm worker process that answers one request at a time over the frames of README.md. Whatever ends the
 * process (a crash, a limit, a cancellation) ends only the request at hand; the next request starts it again.
 *
 * @example
 * ```ts
 * const process = new ProverProcess({ name: 'ezkl', command: python, args: ['worker.py'], version: '23.0.5', env: {} });
 * try {
 *   const { value, seconds, peakBytes } = await process.request('prove', { witness, key }, { memoryLimit: 2 ** 31 });
 * } finally {
 *   await process.close();
 * }
 * ```
 */
export class ProverProcess {
  readonly #init: ProverProcessInit;
  readonly #oneAtATime = pLimit(1);
  #running: Running | undefined;
  #closed = false;
  #lastId = 0;

  constructor(init: ProverProcessInit) {
    this.#init = init;
  }

  /** Process id of the warm worker, while there is one. */
  get pid(): number | undefined {
    return this.#running?.child.pid;
  }

  /** Starts the worker if need be, and returns what it says of itself. */
  identity(options: RequestOptions = {}): Promise<WorkerIdentity> {
    return this.#oneAtATime(() => this.#started(options).identity);
  }

  /**
   * @param parameters JSON; large data go by file
   * @throws TesseraError `PROVER_FAILED` when the worker says so, `STORAGE_FAILED` when its disk is full,
   *   `PROVER_CRASHED`, `MEMORY_EXCEEDED`, `DEADLINE_EXCEEDED`, `ABORTED`, or `PROVER_MISSING` when it cannot start
   */
  async request(operation: string, parameters: object, options: RequestOptions = {}): Promise<Answer> {
    const { signal } = options;
    if (signal?.aborted) throw aborted(signal);
    const turn = this.#oneAtATime(() => this.#ask(operation, parameters, options));
    if (signal === undefined) return turn;
    // A request that still waits for its turn ends at once, too.
    const cancelled = Promise.withResolvers<never>();
    const onAbort = () => cancelled.reject(aborted(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([turn, cancelled.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      turn.catch(() => undefined);
    }
  }

  /** Kills the process and waits for its end. Later requests are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    const running = this.#running;
    running?.stop(new TesseraError('ABORTED', { message: `The prover ${this.#init.name} was closed` }));
    await running?.ended;
  }

  async #ask(operation: string, parameters: object, options: RequestOptions): Promise<Answer> {
    const { signal, memoryLimit, timeout, onStep } = options;
    if (signal?.aborted) throw aborted(signal);
    const running = this.#started(options);
    const { name } = this.#init;
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<unknown>();
    const onAbort = () => running.stop(aborted(signal));
    signal?.addEventListener('abort', onAbort, { once: true });
    const deadline =
      timeout === undefined
        ? undefined
        : setTimeout(() => {
            running.stop(
              new TesseraError('DEADLINE_EXCEEDED', {
                message: `${name}: ${operation} took longer than ${timeout} ms`,
                remedy: 'Allow more time, or cut the model into smaller segments.',
                details: { operation, timeout },
              }),
            );
          }, timeout);
    const memory = new MemoryWatch(running.child.pid, memoryLimit, (used) => {
      running.stop(
        new TesseraError('MEMORY_EXCEEDED', {
          message: `${name}: ${operation} used ${used} bytes of memory; the limit is ${memoryLimit}`,
          remedy: 'Allow more memory, or cut the model into smaller segments.',
          details: { operation, limit: memoryLimit, used },
        }),
      );
    });
    running.onLog = options.onLog;
    running.onMessage = (message) => {
      if (message.type === 'hello' || message.id !== id) {
        running.stop(failed(name, operation, `it sent a ${message.type} message out of turn`, running.lines));
      } else if (message.type === 'progress') onStep?.(message.step);
      else if (message.type === 'result') answer.resolve(message.value);
      else if (message.kind === 'storage') {
        answer.reject(
          new TesseraError('STORAGE_FAILED', {
            message: `${name}: ${operation}: ${message.message}`,
            remedy: 'Free disk space: `tessera cache prune` removes what can be made again.',
            details: { operation },
          }),
        );
      } else answer.reject(failed(name, operation, message.message, running.lines));
    };
    const started = performance.now();
    try {
      await running.identity;
      await memory.start();
      running.child.stdin.write(encodeFrame({ type: 'request', id, operation, parameters }));
      const ended = running.ended.then((reason) => Promise.reject(reason));
      const value = await Promise.race([answer.promise, ended]);
      const seconds = (performance.now() - started) / 1000;
      const peakBytes = await memory.finish();
      await this.#retire(running);
      return { value, seconds, peakBytes };
    } finally {
      clearTimeout(deadline);
      memory.cancel();
      signal?.removeEventListener('abort', onAbort);
      running.onMessage = undefined;
      running.onLog = undefined;
    }
  }

  async #retire({ child, stop, ended }: Running): Promise<void> {
    const { name, keptMemory } = this.#init;
    if (keptMemory === undefined || child.pid === undefined) return;
    if ((await residentMemory(child.pid)).current <= keptMemory) return;
    stop(
      new TesseraError('ABORTED', { message: `The prover ${name} was ended for the memory that it kept` }),
    );
    await ended;
  }

  #started(options: RequestOptions): Running {
    if (this.#closed) {
      throw new TesseraError('ABORTED', { message: `The prover ${this.#init.name} was closed` });
    }
    this.#running ??= start(this.#init, options, () => {
      this.#running = undefined;
    });
    return this.#running;
  }
}

/** Spawns the worker; all its ways to end meet in `ended`, once it is gone from the process table. */
function start(init: ProverProcessInit, options: RequestOptions, onEnd: () => void): Running {
  const child = spawn(init.command, init.args, {
    env: { ...init.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(init.cwd === undefined ? {} : { cwd: init.cwd }),
  });
  const identity = Promise.withResolvers<WorkerIdentity>();
  const ended = Promise.withResolvers<TesseraError>();
  let reason: TesseraError | undefined;
  const running: Running = {
    child,
    identity: identity.promise,
    lines: [],
    onMessage: undefined,
    onLog: options.onLog,
    ended: ended.promise,
    stop(error) {
      reason ??= error;
      child.kill('SIGKILL');
    },
  };
  // Whoever waits for the identity gets its error; nobody has to.
  identity.promise.catch(() => undefined);

  const killOnExit = () => child.kill('SIGKILL');
  process.once('exit', killOnExit);
  const startTimer = setTimeout(() => {
    running.stop(
      new TesseraError('PROVER_MISSING', {
        message: `${init.name}: ${init.command} did not answer within ${startTimeoutMs} ms`,
        remedy: 'Run `tessera doctor`.',
      }),
    );
  }, startTimeoutMs);
  const end = (error: TesseraError) => {
    clearTimeout(startTimer);
    process.off('exit', killOnExit);
    onEnd();
    identity.reject(error);
    ended.resolve(error);
  };

  child.on('error', (cause) => {
    // A process that never started emits no `close`.
    if (child.pid !== undefined) return;
    end(
      new TesseraError('PROVER_MISSING', {
        message: `${init.name}: ${init.command} cannot be started: ${cause.message}`,
        remedy: 'Run `tessera setup`.',
        cause,
      }),
    );
  });
  child.on('close', (code, signal) => {
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
    const said = running.lines.length === 0 ? '' : `:\n${running.lines.join('\n')}`;
    end(
      reason ??
        new TesseraError('PROVER_CRASHED', {
          message: `The prover ${init.name} ended with ${how}${said}`,
          remedy: 'Try again; if it happens again, allow more memory or cut the model into smaller segments.',
          details: { code, signal, stderr: [...running.lines] },
        }),
    );
  });
  // The write side breaks when the worker dies; `close` follows and tells how.
  child.stdin.on('error', () => undefined);

  const decoder = new FrameDecoder();
  child.stdout.on('data', (chunk: Buffer) => {
    try {
      for (const message of decoder.push(chunk).map(parseWorkerMessage)) {
        if (message.type === 'hello') {
          clearTimeout(startTimer);
          requireIdentity(init, message);
          identity.resolve({ worker: message.worker, version: message.version });
        } else running.onMessage?.(message);
      }
    } catch (error) {
      if (!(error instanceof TesseraError)) throw error;
      running.stop(
        error.code === 'ENCODING_INVALID'
          ? failed(init.name, 'reading', error.message, running.lines)
          : error,
      );
    }
  });
  readLines(child.stderr, (line) => {
    running.lines.push(line);
    if (running.lines.length > keptLines) running.lines.shift();
    running.onLog?.(line);
  });
  return running;
}

function requireIdentity(init: ProverProcessInit, hello: WorkerMessage & { type: 'hello' }): void {
  const remedy = 'Run `tessera setup`.';
  if (hello.protocol !== processProtocol) {
    throw new TesseraError('PROVER_MISSING', {
      message: `${init.name}: the worker speaks version ${hello.protocol} of the protocol, not ${processProtocol}`,
      remedy,
    });
  }
  if (hello.version !== init.version) {
    throw new TesseraError('PROVER_MISSING', {
      message: `${init.name} ${hello.version} is installed; circuits are for ${init.version}`,
      remedy,
    });
  }
}

/** Lines of a stream, cut to {@link maxLineLength}, so that endless output takes no memory. */
function readLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let pending = '';
  const emit = (line: string) => {
    if (line.trim() !== '') onLine(line.slice(0, maxLineLength));
  };
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (pending + chunk).split(/\r?\n|\r/);
    pending = (lines.pop() ?? '').slice(0, maxLineLength);
    lines.forEach(emit);
  });
  stream.on('end', () => emit(pending));
}

/** Samples a process's memory, and reports once when it passes the limit. */
class MemoryWatch {
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

function failed(name: string, operation: string, why: string, stderr: readonly string[]): TesseraError {
  return new TesseraError('PROVER_FAILED', {
    message: `${name}: ${operation}: ${why}`,
    details: { operation, stderr: [...stderr] },
  });
}

function aborted(signal: AbortSignal | undefined): TesseraError {
  return new TesseraError('ABORTED', { message: 'The work was cancelled', cause: signal?.reason });
}
