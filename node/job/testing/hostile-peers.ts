import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ChildProcesses } from '../../../tests/support/child-processes.ts';
import type { HostileInit, HostileOrder, HostileReport } from './hostile-process.ts';

/** Hostile peers in processes of their own. */
export class HostilePeers {
  readonly #children = new ChildProcesses();
  readonly #processes: ReturnType<typeof fork>[] = [];

  /** @param peers in each process */
  async start(processes: number, peers: number): Promise<void> {
    const argument = JSON.stringify({ peers } satisfies HostileInit);
    const started = Array.from({ length: processes }, async () => {
      const child = fork(join(import.meta.dirname, 'hostile-process.ts'), [argument], { execArgv: [] });
      const ended = this.#children.add(child);
      this.#processes.push(child);
      await Promise.race([
        once(child, 'message'),
        ended.then(() => Promise.reject(new Error('a process of hostile peers ended before it was ready'))),
      ]);
    });
    await Promise.all(started);
  }

  /** From now on all of them attack this peer, too. */
  attack({ peerId, addresses }: { peerId: string; addresses: readonly string[] }): void {
    const order: HostileOrder = { attack: { peer: peerId, addresses } };
    for (const child of this.#processes) child.send(order);
  }

  /** What all of them have done. */
  async report(): Promise<HostileReport> {
    const reports = this.#processes.map(async (child) => {
      child.send({ report: true });
      const [report] = await once(child, 'message');
      return report as HostileReport;
    });
    return (await Promise.all(reports)).reduce((sum, one) => ({
      connected: sum.connected + one.connected,
      gossip: sum.gossip + one.gossip,
      requests: sum.requests + one.requests,
      answered: sum.answered + one.answered,
      taken: sum.taken + one.taken,
      given: sum.given + one.given,
    }));
  }

  close(): Promise<void> {
    return this.#children.close();
  }
}
