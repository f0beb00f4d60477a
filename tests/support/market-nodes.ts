import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ChildProcesses } from './child-processes.ts';
import { type Ended, killedTessera, tessera } from './command-line.ts';

const program = fileURLToPath(new URL('../../node/cli/index.ts', import.meta.url));

/** A market on a chain, as the command line names it. */
export interface MarketFlags {
  url: string;
  deployment: string;
}

/** `tessera start --chain` in a process of its own. */
export interface MarketNode {
  home: string;
  addresses: readonly string[];
  /** Waits for a line of its log that holds all of these. */
  logged(...parts: readonly string[]): Promise<void>;
  /** As `kill -9`. */
  kill(): Promise<void>;
}

/** Nodes that take part in one market; all end, and their data directories go, in `close`. */
export class MarketNodes {
  readonly #market: MarketFlags;
  readonly #groth16: string;
  readonly #children = new ChildProcesses();

  /** @param groth16 the built worker of Groth16 */
  constructor(market: MarketFlags, groth16: string) {
    this.#market = market;
    this.#groth16 = groth16;
  }

  /** An empty data directory with this machine's Groth16. */
  async home(): Promise<string> {
    const home = await this.#children.directory('tessera-market-');
    await symlink(dirname(this.#groth16), join(home, 'groth16'), 'junction');
    return home;
  }

  /** Runs a verb on the market to its end. */
  run(home: string, args: readonly string[]): Promise<Ended> {
    return tessera([...args, ...this.#flags()], environment(home));
  }

  /** Runs a verb on the market until standard error shows `when`, or until that comes true, and kills it then. */
  runUntil(home: string, args: readonly string[], when: string | Promise<void>): Promise<void> {
    return killedTessera([...args, ...this.#flags()], when, environment(home));
  }

  /** Has a node serve a file to its peers. */
  async serve({ home }: MarketNode, file: string): Promise<void> {
    const { status, stderr } = await tessera(['artifacts', 'add', file], environment(home));
    if (status !== 0) throw new Error(stderr);
  }

  async start(
    account: number,
    {
      home,
      known = [],
      args = [],
    }: { home?: string; known?: readonly MarketNode[]; args?: readonly string[] } = {},
  ): Promise<MarketNode> {
    const directory = home ?? (await this.home());
    const bootstrap = known.flatMap(({ addresses }) => addresses);
    const child = spawn(
      process.execPath,
      [
        ...[
          program,
          'start',
          '--json',
          '--chain',
          '--account',
          String(account),
          '--stake',
          '2',
          ...this.#flags(),
        ],
        ...['--listen', '/ip4/127.0.0.1/tcp/0', '--api-port', '0', '--no-mdns', '--log-level', 'debug'],
        ...(bootstrap.length === 0 ? [] : ['--bootstrap', ...bootstrap]),
        ...args,
      ],
      { env: { ...process.env, ...environment(directory) }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const exited = this.#children.add(child);
    const lines: string[] = [];
    const waiting = new Set<() => void>();
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      for (const check of waiting) check();
    });
    const ready = once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>;
    const ended = exited.then(() => {
      throw new Error(`The node ended:\n${lines.join('\n')}`);
    });
    ended.catch(() => undefined);
    const [line] = await Promise.race([ready, ended]);
    const { addresses } = JSON.parse(line) as { addresses?: string[] };
    if (addresses === undefined) throw new Error(`The node did not start: ${line}\n${lines.join('\n')}`);
    return {
      home: directory,
      addresses,
      async logged(...parts) {
        const found = Promise.withResolvers<void>();
        const check = () => {
          if (lines.some((each) => parts.every((part) => each.includes(part)))) found.resolve();
        };
        waiting.add(check);
        check();
        await Promise.race([found.promise, ended]);
        waiting.delete(check);
      },
      async kill() {
        child.kill('SIGKILL');
        await exited;
      },
    };
  }

  async close(): Promise<void> {
    await this.#children.close();
  }

  #flags(): string[] {
    return ['--rpc', this.#market.url, '--deployment', this.#market.deployment];
  }
}

const environment = (home: string) => ({ TESSERA_HOME: home, TESSERA_WITHOUT_EZKL: '1' });
