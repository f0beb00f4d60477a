import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Hex32 } from '../../../../protocol/edge.ts';
import type { DownloadProgress } from '../download.ts';
import type { Fault } from '../provider-session.ts';
import type { TestPeerInit } from './peer.ts';

/** How to reach a peer. */
export interface Contact {
  peer: string;
  multiaddrs: string[];
}

export interface FetchedSample {
  sha256: Hex32;
  bytes: number;
  /** What providers did wrong. */
  faults: string[];
  seconds: number;
  /** The most memory it held above what it held before. */
  addedBytes: number;
}

/** What a peer process can be asked for. */
export interface PeerCommands {
  start(init: TestPeerInit): Promise<Contact>;
  /** Adds a sample. */
  add(sample: { seed: number; bytes: number }): Promise<{ cid: string; sha256: Hex32 }>;
  /** Resolves when the DHT knows. */
  told(artifact: { cid: string }): Promise<void>;
  fetch(request: {
    cid: string;
    sha256?: Hex32;
    maxBytes: number;
    providers?: Contact[];
  }): Promise<FetchedSample>;
  /** Bytes over a stream without any protocol, let go or kept: see `bare-stream.ts`. */
  receiveBare(request: { provider: Contact; bytes: number; file?: string }): Promise<{ seconds: number }>;
  drop(artifact: { cid: string }): Promise<void>;
  bytesSent(): Promise<number>;
  /** Reads a whole artifact; gives its length. */
  read(artifact: { cid: string }): Promise<number>;
  /** Makes a file system in memory larger. */
  grow(disk: { path: string; megabytes: number }): Promise<void>;
}

export interface Ask {
  id: number;
  method: keyof PeerCommands;
  argument: unknown;
}

export interface Answer {
  id?: number;
  value?: unknown;
  failure?: { code?: string; message: string };
  /** A fetch got its first bytes. */
  began?: DownloadProgress;
  /** A provider did something wrong in a fetch. */
  fault?: Fault;
}

/** A test peer in a process of its own. */
export class PeerProcess {
  readonly events = new EventEmitter<{ began: [DownloadProgress]; fault: [Fault] }>();
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #last = 0;

  /** @param wrap a command that runs the command it is given */
  constructor({ wrap = [] }: { wrap?: readonly string[] } = {}) {
    const [command = process.execPath, ...args] = [
      ...wrap,
      process.execPath,
      // The heap is collected as bin/tessera.js has it for the program.
      ...['--max-semi-space-size=1', '--heap-growing-percent=100'],
      fileURLToPath(new URL('./peer-process.ts', import.meta.url)),
    ];
    this.#child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', ({ id, value, failure, began, fault }: Answer) => {
      if (began !== undefined) this.events.emit('began', began);
      if (fault !== undefined) this.events.emit('fault', fault);
      const waiting = this.#waiting.get(id ?? 0);
      if (failure === undefined) waiting?.resolve(value);
      else waiting?.reject(Object.assign(new Error(failure.message), failure));
    });
    this.#child.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the peer process ended'));
    });
  }

  async ask<M extends keyof PeerCommands>(
    method: M,
    ...[argument]: Parameters<PeerCommands[M]>
  ): Promise<Awaited<ReturnType<PeerCommands[M]>>> {
    const id = ++this.#last;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    this.#child.send({ id, method, argument } satisfies Ask);
    try {
      return (await answer.promise) as Awaited<ReturnType<PeerCommands[M]>>;
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** As `kill -9` does; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
