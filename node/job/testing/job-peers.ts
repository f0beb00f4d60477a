import { fork } from 'node:child_process';
import { join } from 'node:path';
import { ChildProcesses } from '../../../tests/support/child-processes.ts';
import type { SegmentEvent } from '../../requester/network/segment-event.ts';
import type { JobProcessInit, JobProcessMeasurement, JobProcessMessage } from './job-process.ts';

/** A node in another process. */
export interface JobPeer {
  directory: string;
  peerId: string;
  addresses: readonly string[];
  /** What happened to the segments of its job so far. */
  segments: readonly SegmentEvent[];
  /** Waits for an event of its job. */
  untilSegment(is: (event: SegmentEvent) => boolean): Promise<void>;
  /** Waits until work that its fault keeps from going on was cancelled. */
  untilStopped(): Promise<void>;
  /** The process has ended. */
  exited: Promise<void>;
  /** The path of its job's certificate. */
  certificate: Promise<string>;
  /** How it stands now. */
  measure(): Promise<JobProcessMeasurement>;
  /** As `kill -9`. */
  kill(): Promise<void>;
}

/** Starts nodes in processes of their own and ends all of them, with their directories, in `close`. */
export class JobPeers {
  readonly #children = new ChildProcesses();

  /** @param wrap a command that runs the command it is given */
  async start(
    init: Omit<JobProcessInit, 'directory'>,
    directory?: string,
    wrap: readonly string[] = [],
  ): Promise<JobPeer> {
    const home = directory ?? (await this.#children.directory('tessera-jobs-'));
    const argument = JSON.stringify({ ...init, directory: home } satisfies JobProcessInit);
    const [execPath = process.execPath, ...execArgv] = wrap.length === 0 ? [] : [...wrap, process.execPath];
    const child = fork(join(import.meta.dirname, 'job-process.ts'), [argument], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execPath,
      execArgv,
    });
    const exited = this.#children.add(child);
    const segments: SegmentEvent[] = [];
    let stopped = false;
    const waiting = new Set<() => void>();
    const measuring: PromiseWithResolvers<JobProcessMeasurement>[] = [];
    const ready = Promise.withResolvers<Extract<JobProcessMessage, { ready: unknown }>['ready']>();
    const certificate = Promise.withResolvers<string>();
    certificate.promise.catch(() => undefined);
    ready.promise.catch(() => undefined);
    child.on('message', (message: JobProcessMessage) => {
      if ('ready' in message) ready.resolve(message.ready);
      else if ('segment' in message) segments.push(message.segment);
      else if ('stopped' in message) stopped = true;
      else if ('measurement' in message) measuring.shift()?.resolve(message.measurement);
      else if ('certificate' in message) certificate.resolve(message.certificate);
      else certificate.reject(Object.assign(new Error(message.error.message), message.error));
      for (const check of waiting) check();
    });
    void exited.then(() => {
      for (const { reject } of [ready, certificate, ...measuring]) reject(new Error('the process ended'));
    });
    const until = async (is: () => boolean): Promise<void> => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const check = () => is() && resolve();
      waiting.add(check);
      check();
      await promise;
      waiting.delete(check);
    };
    return {
      ...(await ready.promise),
      directory: home,
      segments,
      untilSegment: (is) => until(() => segments.some(is)),
      untilStopped: () => until(() => stopped),
      exited,
      certificate: certificate.promise,
      measure() {
        const measured = Promise.withResolvers<JobProcessMeasurement>();
        measuring.push(measured);
        child.send('measure');
        return measured.promise;
      },
      async kill() {
        child.kill('SIGKILL');
        await exited;
      },
    };
  }

  async close(): Promise<void> {
    await this.#children.close();
  }
}
