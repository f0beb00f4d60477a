import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ChildProcesses } from '../../../tests/support/child-processes.ts';
import type { Configuration } from '../../configuration/index.ts';
import type { PeerStatus } from '../index.ts';
import type { Answer, Order, ProcessInit, Received } from './peer-process.ts';

/** A peer in another process. */
export interface RemotePeer {
  directory: string;
  peerId: string;
  addresses: readonly string[];
  api: string;
  tell(order: Order): Promise<unknown>;
  received(): Promise<readonly Received[]>;
  status(): Promise<PeerStatus>;
  /** As `kill -9`. */
  kill(): Promise<void>;
}

/** Starts peers in processes of their own and ends all of them, with their directories, in `close`. */
export class Peers {
  readonly #children = new ChildProcesses();

  /** @param wrap a command that runs the command it is given */
  async start(
    configuration: Partial<Configuration> = {},
    { directory, wrap = [] }: { directory?: string; wrap?: readonly string[] } = {},
  ): Promise<RemotePeer> {
    const home = directory ?? (await this.#children.directory('tessera-peer-'));
    const [command = process.execPath, ...args] = [
      ...wrap,
      process.execPath,
      join(import.meta.dirname, 'peer-process.ts'),
      JSON.stringify({ directory: home, configuration } satisfies ProcessInit),
    ];
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const exited = this.#children.add(child);
    const [first] = (await Promise.race([once(child, 'message'), diedEarly(child)])) as [
      { ready: PeerStatus & { api: string } },
    ];
    const tell = orders(child);
    return {
      ...first.ready,
      directory: home,
      tell,
      received: async () => (await tell({ do: 'received' })) as Received[],
      status: async () => (await tell({ do: 'status' })) as PeerStatus,
      async kill() {
        child.kill('SIGKILL');
        await exited;
      },
    };
  }

  async close(): Promise<void> {
    await this.#children.close();
  }
}

async function diedEarly(child: ChildProcess): Promise<never> {
  const [status] = await once(child, 'exit');
  throw new Error(`the peer's process ended with status ${status} before it was ready`);
}

function orders(child: ChildProcess): (order: Order) => Promise<unknown> {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let last = 0;
  child.on('message', (answer: Answer) => {
    const order = waiting.get(answer.number);
    waiting.delete(answer.number);
    if ('error' in answer) order?.reject(Object.assign(new Error(answer.error.message), answer.error));
    else order?.resolve(answer.value);
  });
  child.once('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('the peer’s process ended'));
  });
  return (order) => {
    const answered = Promise.withResolvers<unknown>();
    waiting.set(++last, answered);
    child.send({ number: last, order });
    return answered.promise;
  };
}
