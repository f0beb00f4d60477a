import type { ProcessPool } from './process/process-pool.ts';
import type { CallOptions, ProverStep } from './prover.ts';

/** Whatever answers requests: one process or a pool. */
type Requests = Pick<ProcessPool, 'request'>;

/** One call of the interface: its limits over all its requests to the worker, and its events. */
export class Call {
  readonly #pool: Requests;
  readonly #options: Partial<CallOptions>;
  readonly #deadline: number | undefined;
  #peakBytes = 0;

  constructor(pool: Requests, options: Partial<CallOptions> = {}) {
    this.#pool = pool;
    this.#options = options;
    this.#deadline = options.timeout === undefined ? undefined : performance.now() + options.timeout;
  }

  get signal(): AbortSignal | undefined {
    return this.#options.signal;
  }

  /** Bytes that the worker may use, if that is limited. */
  get memoryLimit(): number | undefined {
    return this.#options.memoryLimit;
  }

  /** Milliseconds until the call is given up, at least 1. */
  get remaining(): number | undefined {
    return this.#deadline === undefined ? undefined : Math.max(1, this.#deadline - performance.now());
  }

  get signalOption(): { signal?: AbortSignal } {
    return this.signal === undefined ? {} : { signal: this.signal };
  }

  async request(operation: string, parameters: object): Promise<{ value: unknown }> {
    const { memoryLimit, onProgress } = this.#options;
    const timeout = this.remaining;
    const answer = await this.#pool.request(operation, parameters, {
      ...this.signalOption,
      ...(memoryLimit === undefined ? {} : { memoryLimit }),
      ...(timeout === undefined ? {} : { timeout }),
      ...(onProgress === undefined ? {} : { onLog: (line) => onProgress({ type: 'prover:log', line }) }),
    });
    this.#peakBytes = Math.max(this.#peakBytes, answer.peakBytes);
    return answer;
  }

  /** Reports the start and the end of a step, with the most memory that its requests took. */
  async step<T extends { cached: boolean }>(step: ProverStep, act: () => Promise<T>): Promise<T> {
    const { onProgress } = this.#options;
    onProgress?.({ type: 'prover:start', step });
    this.#peakBytes = 0;
    const started = performance.now();
    const result = await act();
    onProgress?.({
      type: 'prover:end',
      step,
      seconds: (performance.now() - started) / 1000,
      peakBytes: this.#peakBytes,
      cached: result.cached,
    });
    return result;
  }
}
