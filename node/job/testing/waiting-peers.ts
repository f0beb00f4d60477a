import { fork } from 'node:child_process';
import { join } from 'node:path';
import { ChildProcesses } from '../../../tests/support/child-processes.ts';
import type { WaitingOrders, WaitingProcessInit } from './waiting-process.ts';

/** A process of nodes whose prover only waits. */
export interface WaitingPeers {
  /** Multiaddrs of all its nodes. */
  addresses: readonly string[];
  ask<K extends keyof WaitingOrders>(
    order: K,
    request: WaitingOrders[K]['request'],
  ): Promise<WaitingOrders[K]['answer']>;
}

/** Starts processes of waiting nodes and ends all of them, with their directories, in `close`. */
export class WaitingProcesses {
  readonly #children = new ChildProcesses();

  async start(init: Omit<WaitingProcessInit, 'directory'>): Promise<WaitingPeers> {
    const directory = await this.#children.directory('tessera-waiting-');
    const argument = JSON.stringify({ ...init, directory } satisfies WaitingProcessInit);
    const child = fork(join(import.meta.dirname, 'waiting-process.ts'), [argument], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: [],
    });
    const exited = this.#children.add(child);
    const ready = Promise.withResolvers<readonly string[]>();
    const waiting = new Map<number, PromiseWithResolvers<never>>();
    child.on(
      'message',
      (message: { ready: readonly string[] } | { id: number; value: never; error?: string }) => {
        if ('ready' in message) return ready.resolve(message.ready);
        const asked = waiting.get(message.id);
        waiting.delete(message.id);
        if (message.error === undefined) asked?.resolve(message.value);
        else asked?.reject(new Error(message.error));
      },
    );
    void exited.then(() => {
      for (const { reject } of [ready, ...waiting.values()]) reject(new Error('the process ended'));
    });
    let next = 0;
    return {
      addresses: await ready.promise,
      ask(order, request) {
        const id = next++;
        const asked = Promise.withResolvers<never>();
        waiting.set(id, asked);
        child.send({ id, order, request });
        return asked.promise;
      },
    };
  }

  async close(): Promise<void> {
    await this.#children.close();
  }
}
