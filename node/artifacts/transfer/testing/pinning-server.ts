import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { parseArtifactCid } from '../../store/index.ts';
import type { Pin } from '../pinning-service.ts';
import type { TestPeer } from './peer.ts';

/** A service on loopback that speaks the pinning API, and keeps what it is asked for in a node of its own. */
export class PinningServer {
  readonly token = 'a-secret';
  /** Method and path of each request that came. */
  readonly requests: string[] = [];
  readonly pins = new Map<string, Pin>();
  /** What it does instead of what it should. */
  misbehave: ((response: ServerResponse) => void) | undefined;
  readonly #keeper: TestPeer;
  readonly #server: Server;

  private constructor(keeper: TestPeer) {
    this.#keeper = keeper;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  /** @param keeper its node, which its caller stops */
  static async start(keeper: TestPeer): Promise<PinningServer> {
    const started = new PinningServer(keeper);
    await once(started.#server.listen(0, '127.0.0.1'), 'listening');
    return started;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = '/', headers } = request;
    const { pathname, searchParams } = new URL(url, 'http://service');
    this.requests.push(`${method} ${pathname}`);
    const reply = (status: number, body: object) => response.writeHead(status).end(JSON.stringify(body));
    if (this.misbehave !== undefined) return this.misbehave(response);
    if (headers.authorization !== `Bearer ${this.token}`) {
      return void reply(401, {
        error: { reason: 'UNAUTHORIZED', details: 'Access token is missing or invalid' },
      });
    }
    const [, , id] = pathname.split('/');
    if (method === 'POST') {
      const { cid, origins } = (await json(request)) as { cid: string; origins?: string[] };
      const requestid = `id/${this.pins.size}`;
      const pin: Pin = { requestid, status: 'queued', pin: { cid }, delegates: [] };
      this.pins.set(requestid, pin);
      void this.#keep(pin, origins ?? []);
      return void reply(202, { ...pin, created: new Date().toISOString() });
    }
    const requestid = decodeURIComponent(id ?? '');
    if (method === 'DELETE') {
      this.pins.delete(requestid);
      return void response.writeHead(202).end();
    }
    if (id !== undefined) return void reply(200, this.pins.get(requestid) ?? {});
    const statuses = searchParams.get('status')?.split(',') ?? ['pinned'];
    const results = [...this.pins.values()].filter(
      ({ pin, status }) => pin.cid === searchParams.get('cid') && statuses.includes(status),
    );
    reply(200, { count: results.length, results });
  }

  async #keep(pin: Pin, origins: readonly string[]): Promise<void> {
    pin.status = 'pinning';
    try {
      await this.#keeper.exchange.fetch({
        cid: parseArtifactCid(pin.pin.cid),
        maxBytes: 2 ** 30,
        pin: true,
        providers: origins.map((origin) => ({
          peer: peerIdFromString(origin.split('/p2p/')[1] ?? ''),
          multiaddrs: [multiaddr(origin)],
        })),
      });
      pin.status = 'pinned';
    } catch {
      pin.status = 'failed';
    }
  }
}
