import { setTimeout as sleep } from 'node:timers/promises';
import type { PeerId } from '@libp2p/interface';
import type { CID } from 'multiformats/cid';
import type { ProviderFault } from './provider-session.ts';
import type { ContentRouting, Provider } from './routing.ts';

export interface ProviderPoolOptions {
  /**
   * How long providers that were named are tried alone before others are looked for, ms, unless they are given up
   * before: a search asks twenty peers, which a busy network cannot afford for every short artifact.
   */
  headStartMs: number;
  /** Pauses before each search for providers, ms; after the last, no further ones are looked for. */
  searchPausesMs: readonly number[];
  /** How long one search may take. */
  searchMs: number;
  /** How often in a row a provider may fail, through no proven fault of its own, before it is given up. */
  attempts: number;
  /** Before a provider is tried again; doubled each time. */
  retryMs: number;
}

/** Providers of one artifact that are kept account of: strangers say who has it, and may name anybody. */
export const maxProviders = 1_000;

interface Known {
  provider: Provider;
  failures: number;
  busy: boolean;
  /** ms since the epoch. */
  notBefore: number;
}

/** The providers of one artifact: those that were named, those that are found, and how they did. */
export class ProviderPool {
  readonly #options: ProviderPoolOptions;
  readonly #self: PeerId;
  readonly #onChange: () => void;
  readonly #known = new Map<string, Known>();
  #searching = true;
  /** Resolves when all that are known are given up. */
  readonly #helpless = Promise.withResolvers<void>();
  /** Why the last search failed, if it did. */
  searchFailure: unknown;

  constructor(options: ProviderPoolOptions, self: PeerId, onChange: () => void) {
    this.#options = options;
    this.#self = self;
    this.#onChange = onChange;
  }

  /** Whether nobody is left to try, now or later. */
  get exhausted(): boolean {
    return !this.#searching && [...this.#known.values()].every((known) => this.#isGivenUp(known));
  }

  /** How many providers were heard of. */
  get size(): number {
    return this.#known.size;
  }

  /** Takes account of a provider, unless it is known, this node, or one too many. */
  add(provider: Provider): void {
    const name = provider.peer.toString();
    if (this.#known.has(name) || this.#known.size >= maxProviders) return;
    if (provider.peer.equals(this.#self)) return;
    this.#known.set(name, { provider, failures: 0, busy: false, notBefore: 0 });
    this.#onChange();
  }

  /** Looks for providers until the signal is aborted or no search is left. */
  async search(cid: CID, routing: ContentRouting, signal: AbortSignal): Promise<void> {
    const { headStartMs, searchPausesMs, searchMs } = this.#options;
    try {
      if (this.#known.size > 0) {
        await Promise.race([sleep(headStartMs, undefined, { signal }), this.#helpless.promise]);
      }
      for (const pause of searchPausesMs) {
        if (pause > 0) await sleep(pause, undefined, { signal });
        try {
          const limited = AbortSignal.any([signal, AbortSignal.timeout(searchMs)]);
          await Promise.race([this.#find(cid, routing, limited), aborted(limited)]);
        } catch (error) {
          this.searchFailure = error;
        }
        if (signal.aborted) return;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#searching = false;
      this.#onChange();
    }
  }

  async #find(cid: CID, routing: ContentRouting, signal: AbortSignal): Promise<void> {
    for await (const provider of routing.find(cid, { signal })) this.add(provider);
  }

  /** A provider to try now: those that failed least first. */
  take(now: number): Provider | undefined {
    let best: Known | undefined;
    for (const known of this.#known.values()) {
      if (known.busy || this.#isGivenUp(known) || known.notBefore > now) continue;
      if (best === undefined || known.failures < best.failures) best = known;
    }
    if (best !== undefined) best.busy = true;
    return best?.provider;
  }

  /**
   * A provider that was taken failed.
   *
   * @param delivered whether blocks came from it before: lines break, and one that helps is not given up for that
   */
  failed({ peer }: Provider, { fault }: ProviderFault, delivered: boolean, now: number): void {
    const known = this.#known.get(peer.toString()) as Known;
    known.busy = false;
    if (delivered) known.failures = 0;
    const proven = fault === 'bad-block' || fault === 'protocol';
    known.failures += proven ? this.#options.attempts : 1;
    known.notBefore = now + this.#options.retryMs * 2 ** known.failures;
    if ([...this.#known.values()].every((one) => this.#isGivenUp(one))) this.#helpless.resolve();
  }

  #isGivenUp({ failures }: Known): boolean {
    return failures >= this.#options.attempts;
  }
}

/** Resolves with the signal: a search of the DHT ends seconds after it was told to, and nobody has to wait for that. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
