import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { RequestProtocol } from '../network/request-protocol.ts';
import type { Transport } from '../network/transport.ts';

/** A registry with what Node tells about its process. */
export function createMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Adds what the transports do, read when somebody asks. */
export function measureTransport(registry: Registry, transport: Transport): void {
  new Gauge({
    name: 'tessera_transport_peers',
    help: 'Peers that would get a message at once.',
    labelNames: ['transport'],
    registers: [registry],
    collect() {
      for (const path of transport.status()) this.set({ transport: path.transport }, path.peers);
    },
  });
  new Counter({
    name: 'tessera_messages_total',
    help: 'Messages published, delivered, and refused by reason.',
    labelNames: ['transport', 'outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { transport: name, published, delivered, refused } of transport.status()) {
        for (const [outcome, count] of Object.entries({ published, delivered, ...refused })) {
          this.inc({ transport: name, outcome }, count);
        }
      }
    },
  });
}

/** Adds what became of the requests that came, read when somebody asks. */
export function measureRequests(registry: Registry, requests: Pick<RequestProtocol, 'counts'>): void {
  new Counter({
    name: 'tessera_requests_total',
    help: 'Requests of peers that were answered, and that were refused or broken off.',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(requests.counts)) this.inc({ outcome }, count);
    },
  });
}
