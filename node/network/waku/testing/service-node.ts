import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { firstLine } from '../../../../tests/support/child-processes.ts';
import { packageRoot } from '../../../package.ts';

const source = join(import.meta.dirname, 'service-node');

/** Why this machine cannot build a service node, if so. */
export const missingForServiceNode: string | undefined = missingPrograms();

function missingPrograms(): string | undefined {
  const missing = [
    ['go', 'version'],
    ['cc', '--version'],
  ].flatMap(([program = '', argument = '']) =>
    spawnSync(program, [argument]).status === 0 ? [] : [program],
  );
  return missing.length === 0 ? undefined : `this machine has no ${missing.join(' and no ')}`;
}

/** Builds the service node where its sources, as they are, were not built before; minutes the first time. */
export async function buildServiceNode(): Promise<string> {
  const digest = createHash('sha256');
  for (const name of (await readdir(source)).sort()) {
    digest.update(`${name}\0`).update(await readFile(join(source, name)));
  }
  const folder = join(packageRoot, 'node_modules', '.cache', 'tessera');
  const binary = join(folder, `waku-service-node-${digest.digest('hex').slice(0, 16)}`);
  if (existsSync(binary)) return binary;
  await mkdir(folder, { recursive: true });
  // Two tests may build at once: each makes its own, and puts it in place whole.
  const made = `${binary}.${process.pid}`;
  await promisify(execFile)('go', ['build', '-trimpath', '-o', made, '.'], { cwd: source });
  await rename(made, binary);
  return binary;
}

/** A running Waku service node. */
export interface ServiceNode {
  /** Multiaddr, with the peer id, for WebSocket. */
  address: string;
  port: number;
  stop(): Promise<void>;
}

/** @param port WebSocket port; a free one unless given. The node's identity is always the same. */
export async function startServiceNode(binary: string, port = 0): Promise<ServiceNode> {
  const child: ChildProcess = spawn(binary, ['-key', '11'.repeat(32), '-ws', String(port)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const line = await firstLine(child);
  const { addresses } = JSON.parse(line) as { addresses: string[] };
  const address = addresses.find((candidate) => candidate.includes('/ws/'));
  if (address === undefined) throw new Error(`the service node has no WebSocket address: ${line}`);
  return {
    address,
    port: Number(/\/tcp\/(\d+)\//.exec(address)?.[1]),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}
