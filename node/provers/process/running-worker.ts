import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { TesseraError } from '../../../protocol/errors.ts';
import { FrameDecoder } from './frame.ts';
import { parseWorkerMessage, processProtocol, type WorkerMessage } from './messages.ts';

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

/** What a worker said of itself. */
export interface WorkerIdentity {
  worker: string;
  version: string;
}

const startTimeoutMs = 60_000;
/** Last lines of standard error that an error carries. */
const keptLines = 20;
const maxLineLength = 2_000;

/** A started process: ends once, with a reason. */
export interface RunningWorker {
  child: ChildProcessWithoutNullStreams;
  identity: Promise<WorkerIdentity>;
  lines: string[];
  onMessage: ((message: WorkerMessage) => void) | undefined;
  onLog: ((line: string) => void) | undefined;
  ended: Promise<TesseraError>;
  stop: (reason: TesseraError) => void;
}

/** Spawns the worker; all its ways to end meet in `ended`, once it is gone from the process table. */
export function startWorker(
  init: ProverProcessInit,
  onLog: RunningWorker['onLog'],
  onEnd: () => void,
): RunningWorker {
  const child = spawn(init.command, init.args, {
    env: { ...init.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(init.cwd === undefined ? {} : { cwd: init.cwd }),
  });
  const identity = Promise.withResolvers<WorkerIdentity>();
  const ended = Promise.withResolvers<TesseraError>();
  let reason: TesseraError | undefined;
  const running: RunningWorker = {
    child,
    identity: identity.promise,
    lines: [],
    onMessage: undefined,
    onLog,
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

/** What a worker's own error becomes. */
export function failed(
  name: string,
  operation: string,
  why: string,
  stderr: readonly string[],
): TesseraError {
  return new TesseraError('PROVER_FAILED', {
    message: `${name}: ${operation}: ${why}`,
    details: { operation, stderr: [...stderr] },
  });
}
