import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { GatewayMessage, PortMapping } from './gateway-process.ts';

/** A router with UPnP in another process. */
export interface Gateway {
  /** The ports that it forwards now. */
  mappings(): readonly PortMapping[];
  close(): Promise<void>;
}

/**
 * Starts a router.
 *
 * @param address of its inner side
 * @param wrap a command that runs the command it is given
 */
export async function startGateway(address: string, wrap: readonly string[]): Promise<Gateway> {
  const [command = process.execPath, ...args] = [
    ...wrap,
    process.execPath,
    join(import.meta.dirname, 'gateway-process.ts'),
    address,
  ];
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exited = once(child, 'exit');
  let mappings: readonly PortMapping[] = [];
  const ready = Promise.withResolvers<void>();
  void exited.then(() => ready.reject(new Error('the router’s process ended before it was ready')));
  child.on('message', (message: GatewayMessage) => {
    if ('ready' in message) ready.resolve();
    else mappings = message.mappings;
  });
  await ready.promise;
  return {
    mappings: () => mappings,
    async close() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
