import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request for the chain. */
export interface RpcRequest {
  id: number;
  method: string;
  params?: unknown[];
}

/** What stands in the place of the chain's own answer; nothing where that shall be given. */
export interface Refusal {
  status?: number;
  headers?: Record<string, string>;
  body: unknown;
}

/** Sees every request before the chain does. One that never ends leaves the request without an answer. */
export type Intercept = (
  request: RpcRequest,
  forward: () => Promise<unknown>,
) => Refusal | undefined | Promise<Refusal | undefined>;

/** Stands before a chain's endpoint: can vanish for a while, and answer in its place. */
export class ForwardingEndpoint {
  readonly #server: Server;
  readonly #port: number;
  /** By method, what was asked so far. */
  readonly asked = new Map<string, number>();

  private constructor(server: Server) {
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  static async start(target: string, intercept?: Intercept): Promise<ForwardingEndpoint> {
    const server = createServer((request, response) => {
      answer(request, response).catch((error: Error) => response.destroy(error));
    });
    await listen(server, 0);
    const endpoint = new ForwardingEndpoint(server);
    const answer = async (incoming: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      const request = JSON.parse(body.toString()) as RpcRequest;
      endpoint.asked.set(request.method, (endpoint.asked.get(request.method) ?? 0) + 1);
      const forward = () => post(target, body);
      const refusal = await intercept?.(request, forward);
      const given = refusal?.body ?? (await forward());
      const headers = { 'content-type': 'application/json', ...refusal?.headers };
      response.writeHead(refusal?.status ?? 200, headers).end(JSON.stringify(given));
    };
    return endpoint;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Refuses all connections for so many milliseconds. */
  async restart(milliseconds: number): Promise<void> {
    await this.close();
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    await listen(this.#server, this.#port);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** An answer that says why the request is refused. */
export function rpcError({ id }: RpcRequest, code: number, message: string): Refusal {
  return { body: { jsonrpc: '2.0', id, error: { code, message } } };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
}

async function post(target: string, body: Buffer): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  return (await fetch(target, { method: 'POST', headers, body: new Uint8Array(body) })).json();
}
