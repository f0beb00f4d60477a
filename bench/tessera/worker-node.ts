import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../node/package.ts';

const program = join(packageRoot, 'node', 'cli', 'index.ts');

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
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  let text = '';
  for await (const line of createInterface({ input: child.stdout })) {
    text += line;
    const started = parsed(text);
    if (started === undefined) continue;
    if (started.addresses === undefined) break;
    child.stdout.resume();
    return { addresses: started.addresses, stop };
  }
  await stop();
  throw new Error(`The worker ended before it was ready: ${text}`);
}

/** What it says when it has started; `undefined` while that is not whole. */
function parsed(text: string): { addresses?: readonly string[] } | undefined {
  try {
    return JSON.parse(text) as { addresses?: readonly string[] };
  } catch {
    return undefined;
  }
}
