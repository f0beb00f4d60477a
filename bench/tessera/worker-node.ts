import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { firstLine } from '../../tests/support/child-processes.ts';
import { program } from './command.ts';

/** A node that proves for others, in a process of its own. */
export interface WorkerNode {
  /** Multiaddrs of it. */
  addresses: readonly string[];
  stop(): Promise<void>;
}

/**
 * Starts `tessera start` on loopback.
 *
 * @param home its data directory, with the provers set up
 * @param memoryGiB that its provers may use
 * @throws Error when it ends before it is ready
 */
export async function startWorkerNode(home: string, memoryGiB: number): Promise<WorkerNode> {
  const flags = ['--listen', '/ip4/127.0.0.1/tcp/0', '--api-port', '0', '--no-mdns', '--log-level', 'error'];
  const child = spawn(
    process.execPath,
    [program, 'start', ...flags, '--worker-memory', `${memoryGiB}`, '--json'],
    { env: { ...process.env, TESSERA_HOME: home }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit');
  const line = await firstLine(child);
  const { addresses } = JSON.parse(line) as { addresses?: readonly string[] };
  if (addresses === undefined) throw new Error(`The worker did not start: ${line}`);
  return {
    addresses,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
