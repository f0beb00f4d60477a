import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { ownNetwork } from '../../../tests/support/namespaces.ts';

/** Addresses of the two sides, on the one cable between them. */
const addresses = { left: '10.77.0.1', right: '10.77.0.2' } as const;

export type Side = keyof typeof addresses;

/**
 * Two network namespaces and a cable between them, that can be pulled out and put in again; only where nothing is
 * `missingForNetworks`.
 */
export class SplitNetwork {
  readonly #holders: readonly ChildProcess[];
  readonly #enter: Readonly<Record<Side, readonly string[]>>;

  private constructor(left: ChildProcess, right: ChildProcess) {
    this.#holders = [right, left];
    this.#enter = { left: entering(left), right: entering(right) };
  }

  static async open(): Promise<SplitNetwork> {
    const left = await hold(ownNetwork);
    const right = await hold([...entering(left), 'unshare', '--net']);
    const network = new SplitNetwork(left, right);
    await network.#ip('left', `link add left type veth peer name right netns ${right.pid}`);
    for (const side of ['left', 'right'] as const) {
      await network.#ip(side, `address add ${addresses[side]}/24 dev ${side}`);
      await network.#ip(side, 'link set lo up');
      await network.#ip(side, `link set ${side} up`);
    }
    return network;
  }

  /** What goes before a command that is to run on a side. */
  wrap(side: Side): readonly string[] {
    return this.#enter[side];
  }

  /** Of a side, IPv4. */
  address(side: Side): string {
    return addresses[side];
  }

  /** Where a node of a side listens, on a free port. */
  listen(side: Side): string {
    return `/ip4/${addresses[side]}/tcp/0`;
  }

  /** Nothing gets from one side to the other any more, and nobody is told. */
  async split(): Promise<void> {
    await this.#ip('left', 'link set left down');
  }

  async heal(): Promise<void> {
    await this.#ip('left', 'link set left up');
  }

  /** The processes on its sides must have ended. */
  async close(): Promise<void> {
    for (const holder of this.#holders) {
      const exited = once(holder, 'exit');
      holder.stdin?.end();
      await exited;
    }
  }

  async #ip(side: Side, command: string): Promise<void> {
    const [program = '', ...args] = [...this.#enter[side], 'ip', ...command.split(' ')];
    const [status] = await once(spawn(program, args, { stdio: 'inherit' }), 'exit');
    if (status !== 0) throw new Error(`ip ${command} ended with status ${status}`);
  }
}

/** A process that keeps the namespaces it was started in, until its input ends: at the latest with this process. */
async function hold([program = '', ...args]: readonly string[]): Promise<ChildProcess> {
  const holder = spawn(program, [...args, 'sh', '-c', 'echo; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(holder.stdout as NodeJS.ReadableStream, 'data');
  return holder;
}

function entering({ pid }: ChildProcess): readonly string[] {
  return ['nsenter', '--preserve-credentials', '--user', '--net', '--target', `${pid}`];
}
