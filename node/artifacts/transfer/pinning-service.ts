import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CID } from 'multiformats/cid';
import { z } from 'zod';
import { TesseraError } from '../../../protocol/errors.ts';
import { throwIfAborted } from '../../abort.ts';

export interface PinningServiceInit {
  /** Base of its API, e.g. `https://pins.example/psa`. */
  endpoint: string;
  /** What it gave to this user; sent to the endpoint alone. */
  token: string;
  /** Between two looks at how a pin does, ms; 2 s unless given. */
  pollMs?: number;
  /** For one request, ms; 30 s unless given. */
  timeoutMs?: number;
}

export interface HoldOptions {
  /** For people, in the service's lists; 255 characters at most. */
  name?: string;
  /** Multiaddrs, with peer id, of nodes that have the artifact; 20 at most. */
  origins?: readonly string[];
  signal?: AbortSignal;
  onStatus?: (pin: Pin) => void;
}

const pinSchema = z.object({
  requestid: z.string().min(1).max(500),
  status: z.enum(['queued', 'pinning', 'pinned', 'failed']),
  pin: z.object({ cid: z.string().max(200) }),
  /** Multiaddrs of the service's nodes: whoever has the artifact may connect to them. */
  delegates: z.array(z.string().max(500)).max(20),
});
const listSchema = z.object({ count: z.number(), results: z.array(pinSchema).max(1000) });
const errorSchema = z.object({
  error: z.object({ reason: z.string(), details: z.string().optional() }),
});

/** A pin, as the service tells of it. */
export type Pin = z.infer<typeof pinSchema>;

/** Bytes of an answer at most. */
const maxAnswerBytes = 2 ** 20;

/**
 * A service that keeps copies of artifacts, by the IPFS Pinning Service API 1.0.0
 * (https://ipfs.github.io/pinning-services-api-spec/). Whether it can fetch an artifact depends on the service: it
 * must reach an origin by a protocol that both speak.
 */
export class PinningService {
  readonly #endpoint: string;
  readonly #token: string;
  readonly #pollMs: number;
  readonly #timeoutMs: number;

  constructor({ endpoint, token, pollMs = 2_000, timeoutMs = 30_000 }: PinningServiceInit) {
    this.#endpoint = endpoint.replace(/\/$/, '');
    this.#token = token;
    this.#pollMs = pollMs;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Has the service keep an artifact, and waits until it has all of it. One that it keeps already is not asked for
   * again.
   *
   * @throws TesseraError `NETWORK_FAILED` when the service cannot be reached, refuses, or fails to fetch; `ABORTED`
   */
  async hold(cid: CID, { name, origins = [], signal, onStatus }: HoldOptions = {}): Promise<Pin> {
    const [known] = await this.list(cid, {
      statuses: ['queued', 'pinning', 'pinned'],
      ...optional({ signal }),
    });
    const body = { cid: cid.toString(), ...optional({ name }), ...(origins.length > 0 ? { origins } : {}) };
    let pin = known ?? (await this.#call(pinSchema, 'POST', '/pins', { body, signal }));
    for (;;) {
      onStatus?.(pin);
      if (pin.status === 'pinned') return pin;
      if (pin.status === 'failed') throw this.#failed(`could not fetch ${cid}`);
      await sleep(this.#pollMs, undefined, optional({ signal })).catch(() => throwIfAborted(signal));
      const path = `/pins/${encodeURIComponent(pin.requestid)}`;
      pin = await this.#call(pinSchema, 'GET', path, { signal });
    }
  }

  /** Pins of an artifact. @throws TesseraError as {@link hold} */
  async list(
    cid: CID,
    { statuses, signal }: { statuses: readonly Pin['status'][]; signal?: AbortSignal },
  ): Promise<Pin[]> {
    const query = new URLSearchParams({ cid: cid.toString(), status: statuses.join(',') });
    const { results } = await this.#call(listSchema, 'GET', `/pins?${query}`, { signal });
    return results.filter(({ pin }) => pin.cid === cid.toString());
  }

  /** The service need no longer keep an artifact. @throws TesseraError as {@link hold} */
  async release(cid: CID, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const statuses = ['queued', 'pinning', 'pinned', 'failed'] as const;
    for (const { requestid } of await this.list(cid, { statuses, ...optional({ signal }) })) {
      await this.#call(z.unknown(), 'DELETE', `/pins/${encodeURIComponent(requestid)}`, { signal });
    }
  }

  async #call<T>(
    schema: z.ZodType<T>,
    method: string,
    path: string,
    { body, signal }: { body?: object; signal: AbortSignal | undefined },
  ): Promise<T> {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    let status: number;
    let text: string;
    try {
      const response = await fetch(`${this.#endpoint}${path}`, {
        method,
        headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
        // The token is for this address and no other.
        redirect: 'error',
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      status = response.status;
      text = await readText(response);
    } catch (cause) {
      throwIfAborted(signal);
      throw this.#failed('cannot be reached', cause);
    }
    const answer = parse(text);
    if (status < 200 || status > 299) throw this.#failed(`answered ${status}${reasonOf(answer)}`);
    const parsed = schema.safeParse(answer);
    if (!parsed.success) throw this.#failed('answered something else than its API says', parsed.error);
    return parsed.data;
  }

  #failed(what: string, cause?: unknown): TesseraError {
    return new TesseraError('NETWORK_FAILED', {
      message: `The pinning service ${this.#endpoint} ${what}`,
      remedy: 'Check its address and token, and that it can reach a node that has the artifact.',
      cause,
    });
  }
}

async function readText({ body }: Response): Promise<string> {
  if (body === null) return '';
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = '';
  // The DOM's type of a body lacks the iterator that Node's has.
  for await (const chunk of Readable.fromWeb(body as NodeReadableStream<Uint8Array>)) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw new Error(`its answer is longer than ${maxAnswerBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // An empty answer to DELETE, or a proxy's page: the schema says whether that will do.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function reasonOf(answer: unknown): string {
  const { data } = errorSchema.safeParse(answer);
  return data === undefined
    ? ''
    : `: ${`${data.error.reason} ${data.error.details ?? ''}`.trim().slice(0, 300)}`;
}

/** Without what is undefined. */
function optional<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
