import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createTestClient, type Hex, http, publicActions, walletActions } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';
import { Chain } from '../../node/chain/chain-client.ts';
import type { CompiledContract } from '../compile.ts';

/** One of the accounts that anvil funds. */
export const anvilAccount = (index: number) =>
  mnemonicToAccount('test test test test test test test test test test test junk', { addressIndex: index });

/** Milliseconds for a request: a chain on a busy machine takes long over a large proof. */
const timeout = 120_000;

const clientOf = (url: string, index: number) =>
  createTestClient({
    account: anvilAccount(index),
    chain: foundry,
    mode: 'anvil',
    transport: http(url, { timeout }),
  })
    .extend(publicActions)
    .extend(walletActions);

export type AnvilClient = ReturnType<typeof clientOf>;

/** A chain of the test's own. */
export interface Anvil {
  url: string;
  /** A client that signs with one of the funded accounts. */
  client(account: number): AnvilClient;
  /** The program's own client, of one of the funded accounts. */
  chain(account: number): Promise<Chain>;
  deploy(contract: CompiledContract, args?: readonly unknown[]): Promise<{ address: Hex; gas: bigint }>;
  close(): void;
}

/** Starts anvil on a port of the system's choice. */
export async function startAnvil(options: readonly string[] = []): Promise<Anvil> {
  const binary = fileURLToPath(new URL('../../node_modules/.bin/anvil', import.meta.url));
  const child = spawn(binary, ['--port', '0', '--host', '127.0.0.1', ...options], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  // The command is a wrapper: the group holds the real process, too.
  const close = () => {
    process.off('exit', close);
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid);
  };
  process.once('exit', close);
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(said)?.[1];
      if (port !== undefined) resolve(`http://127.0.0.1:${port}`);
    });
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`anvil ended:\n${said}`)));
  });
  return {
    url,
    client: (account) => clientOf(url, account),
    chain: (account) => Chain.connect({ urls: [url], account: anvilAccount(account) }),
    async deploy({ abi, bytecode }, args = []) {
      const client = clientOf(url, 0);
      const hash = await client.deployContract({ abi, bytecode, args });
      const { contractAddress, gasUsed } = await client.waitForTransactionReceipt({ hash });
      return { address: contractAddress as Hex, gas: gasUsed };
    },
    close,
  };
}
