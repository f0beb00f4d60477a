import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Resource {
  type: string;
  body: string | Uint8Array;
}

/**
 * Serves these resources, by path, on a free port of 127.0.0.1. Pages may load nothing from elsewhere and make no
 * code from text.
 */
export async function serveOnLoopback(
  resources: ReadonlyMap<string, Resource>,
): Promise<{ origin: string; close(): Promise<void> }> {
  const server = createServer(({ url = '' }, response) => {
    const resource = resources.get(new URL(url, 'http://127.0.0.1').pathname);
    response.writeHead(resource === undefined ? 404 : 200, {
      'content-type': resource?.type ?? 'text/plain',
      'content-security-policy': "default-src 'self'",
    });
    response.end(resource?.body);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
