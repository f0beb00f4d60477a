import { setTimeout as sleep } from 'node:timers/promises';
import type { CID } from 'multiformats/cid';
import pLimit from 'p-limit';
import type { Artifact, ArtifactStore } from '../store/index.ts';
import type { ContentRouting } from './routing.ts';

export interface AnnouncerOptions {
  /** Artifacts told of at once. */
  concurrency: number;
  /** Before everything is told again, ms. Peers forget after 48 hours (libp2p's Kademlia specification). */
  renewMs: number;
  /** Before another attempt where no peer could be told, ms; doubled up to a minute. */
  retryMs: number;
  /** How long telling of one artifact may take, ms. */
  timeoutMs: number;
}

const defaultAnnouncerOptions: AnnouncerOptions = {
  concurrency: 4,
  renewMs: 12 * 3_600_000,
  retryMs: 500,
  timeoutMs: 30_000,
};

export interface AnnouncerComponents {
  store: Pick<ArtifactStore, 'ls' | 'find' | 'events'>;
  routing: Pick<ContentRouting, 'provide' | 'withdraw'>;
  /** Is told of what went wrong; the announcer goes on. */
  onError?: (cid: CID, error: unknown) => void;
}

/** Tells the network which artifacts can be fetched here: what is there, what comes, and again before it is forgotten. */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #components: AnnouncerComponents;
  readonly #limit;
  /** Artifacts that are being told of, each until at least one peer knows. */
  readonly #pending = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: Partial<AnnouncerOptions>, components: AnnouncerComponents) {
    this.#options = { ...defaultAnnouncerOptions, ...options };
    this.#components = components;
    this.#limit = pLimit(this.#options.concurrency);
  }

  start(): void {
    const { events } = this.#components.store;
    events.on('added', this.#onAdded);
    events.on('removed', this.#onRemoved);
    this.#tellAll();
    this.#timer = setInterval(() => this.#tellAll(), this.#options.renewMs).unref();
  }

  async stop(): Promise<void> {
    const { events } = this.#components.store;
    events.off('added', this.#onAdded);
    events.off('removed', this.#onRemoved);
    clearInterval(this.#timer);
    this.#stop.abort();
    await Promise.all(this.#pending.values());
  }

  /** Resolves when at least one peer knows that the artifact is here, or the announcer stops. */
  async told(cid: CID): Promise<void> {
    await this.#pending.get(cid.toString());
  }

  readonly #onAdded = ({ cid, announced }: Artifact) => {
    if (announced) this.#tell(cid);
  };

  readonly #onRemoved = (cid: CID) => {
    this.#components.routing.withdraw(cid).catch((error) => this.#components.onError?.(cid, error));
  };

  #tellAll(): void {
    for (const artifact of this.#components.store.ls()) this.#onAdded(artifact);
  }

  #tell(cid: CID): void {
    const name = cid.toString();
    if (this.#pending.has(name)) return;
    const told = this.#tellUntilKnown(cid).finally(() => this.#pending.delete(name));
    this.#pending.set(name, told);
  }

  async #tellUntilKnown(cid: CID): Promise<void> {
    const { store, routing, onError } = this.#components;
    const { signal } = this.#stop;
    for (let pause = this.#options.retryMs; !signal.aborted; pause = Math.min(2 * pause, 60_000)) {
      try {
        const told = await this.#limit(async () => {
          if (signal.aborted || store.find(cid) === undefined) return undefined;
          const limited = AbortSignal.any([signal, AbortSignal.timeout(this.#options.timeoutMs)]);
          return routing.provide(cid, { signal: limited });
        });
        if (told !== 0) return;
        await sleep(pause, undefined, { signal });
      } catch (error) {
        if (signal.aborted) return;
        onError?.(cid, error);
        await sleep(pause, undefined, { signal }).catch(() => {});
      }
    }
  }
}
