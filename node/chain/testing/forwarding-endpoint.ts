import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands before a chain's endpoint and can vanish for a while. */
export class ForwardingEndpoint {
  readonly #server: Server;
  readonly #port: number;

  private constructor(server: Server) {
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  static async start(target: string): Promise<ForwardingEndpoint> {
    const server = createServer((request, response) => {
      forward(target, request, response).catch((error: Error) => response.destroy(error));
    });
    await listen(server, 0);
    return new ForwardingEndpoint(server);
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

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
}

async function forward(target: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(target, { method: 'POST', headers, body: Buffer.concat(chunks) });
  response.writeHead(answer.status, headers).end(await answer.text());
}
