import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { lock } from 'proper-lockfile';
import type { LocalAccount } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { TesseraError } from '../../protocol/errors.ts';
import { throwIfAborted } from '../abort.ts';
import { readIfPresent } from '../files/read-if-present.ts';
import { instanceAt } from './anvil.ts';
import {
  type ChainFiles,
  chainFiles,
  type Endpoint,
  endpointSchema,
  keeperAnswerSchema,
  keeperFarewell,
} from './keeper-protocol.ts';

/** The chain of one data directory, as one user of it sees it. */
export interface EmbeddedChain {
  url: string;
  /** Uses it no more. After the last user it ends; its state stays in the directory, and is written when this returns. */
  close(): Promise<void>;
}

/**
 * An account that the embedded chain funds. Everybody knows its key: it is for that chain only.
 *
 * @param index from 0 to 9
 */
export function developmentAccount(index: number): LocalAccount {
  return mnemonicToAccount('test test test test test test test test test test test junk', {
    addressIndex: index,
  });
}

/** Milliseconds that a process waits for the chain that another one is starting or ending. */
const joinLimit = 120_000;

/**
 * Uses the chain of a data directory: joins the one that runs there, or starts it. It runs in a process of its own, which
 * ends when the last process that uses it has, be it killed.
 *
 * @param directory where its state is kept
 * @throws TesseraError `CHAIN_MISSING` where anvil has no build for this machine, `CHAIN_FAILED`
 */
export async function openEmbeddedChain(directory: string, signal?: AbortSignal): Promise<EmbeddedChain> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const files = chainFiles(directory);
  const end = Date.now() + joinLimit;
  while (Date.now() < end) {
    throwIfAborted(signal);
    const chain = (await joinRunning(files)) ?? (await whenAlone(files, () => start(directory, files)));
    if (chain !== undefined) return chain;
    await sleep(100, undefined, signal ? { signal } : {});
  }
  throw new TesseraError('CHAIN_FAILED', {
    message: `Another process holds the embedded chain in ${directory}, and the chain does not answer`,
    remedy: 'End that process, and run this again.',
    details: { directory },
  });
}

/** @returns nothing when another process is at it */
async function whenAlone<T>(files: ChainFiles, work: () => Promise<T>): Promise<T | undefined> {
  let release: () => Promise<void>;
  try {
    release = await lock(files.state, { lockfilePath: files.lock, realpath: false });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ELOCKED') return undefined;
    throw error;
  }
  try {
    return await work();
  } finally {
    await release();
  }
}

/** @returns nothing while an earlier chain is still writing its state */
async function start(directory: string, files: ChainFiles): Promise<EmbeddedChain | undefined> {
  const earlier = await readEndpoint(files);
  if (earlier !== undefined) {
    const joined = await join(earlier);
    if (joined !== undefined) return joined;
    if (isRunning(earlier.keeper) && (await answers(earlier))) return undefined;
    // Its keeper was killed, and nobody else would end it.
    await endOrphan(earlier);
  }
  return join(await startKeeper(directory));
}

async function joinRunning(files: ChainFiles): Promise<EmbeddedChain | undefined> {
  const endpoint = await readEndpoint(files);
  return endpoint === undefined ? undefined : join(endpoint);
}

/** Milliseconds in which a keeper greets. */
const greetingLimit = 5_000;

/** @returns nothing when its keeper is gone or on its way out */
async function join(endpoint: Endpoint): Promise<EmbeddedChain | undefined> {
  const { id, port, url } = endpoint;
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  const heard = listen(socket);
  if ((await heard.greeting) !== id) {
    socket.destroy();
    return undefined;
  }
  // A process that forgets to close ends nevertheless, and so leaves the chain.
  socket.unref();
  return {
    url,
    async close() {
      socket.ref();
      socket.end();
      // Without a farewell the keeper was killed, and its chain still runs.
      if ((await heard.last) !== keeperFarewell) await endOrphan(endpoint);
    },
  };
}

/** What a keeper says: its first line, or nothing where it says none in time, and the last line when the connection is closed. */
function listen(socket: Socket): { greeting: Promise<string | undefined>; last: Promise<string> } {
  const greeting = Promise.withResolvers<string | undefined>();
  const last = Promise.withResolvers<string>();
  const timer = setTimeout(greeting.resolve, greetingLimit);
  void greeting.promise.then(() => clearTimeout(timer));
  let said = '';
  socket.on('data', (chunk) => {
    said = (said + chunk.toString()).slice(0, 100);
    const end = said.indexOf('\n');
    if (end >= 0) greeting.resolve(said.slice(0, end));
  });
  // An error is followed by 'close'.
  socket.on('error', () => undefined);
  socket.on('end', () => socket.end());
  socket.on('close', () => {
    greeting.resolve(undefined);
    last.resolve(said.trimEnd().split('\n').at(-1) ?? '');
  });
  return { greeting: greeting.promise, last: last.promise };
}

async function startKeeper(directory: string): Promise<Endpoint> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const program = fileURLToPath(new URL(`./anvil-keeper.${extension}`, import.meta.url));
  // A session of its own: an interruption in the terminal is for those who use the chain, and they leave it in order.
  const child = spawn(process.execPath, [program, directory], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  const answer = await new Promise<string | undefined>((resolve, reject) => {
    child.once('error', reject);
    const lines = createInterface({ input: child.stdout });
    lines.once('line', resolve);
    lines.once('close', () => resolve(undefined));
  });
  child.unref();
  child.stdout.destroy();
  const said = answer === undefined ? undefined : keeperAnswerSchema.parse(JSON.parse(answer));
  if (said !== undefined && 'endpoint' in said) return said.endpoint;
  if (said === undefined) {
    throw new TesseraError('CHAIN_FAILED', {
      message: 'The process that keeps the embedded chain ended before the chain ran',
      remedy: 'Run the same command again.',
    });
  }
  const { code, message, remedy, details } = said.error;
  throw new TesseraError(code, { message, details, ...(remedy === undefined ? {} : { remedy }) });
}

/** Where a chain runs, or ran: a file may be left of one that was killed. */
async function readEndpoint({ endpoint }: ChainFiles): Promise<Endpoint | undefined> {
  const bytes = await readIfPresent(endpoint);
  return bytes === undefined ? undefined : endpointSchema.safeParse(parseJson(bytes.toString())).data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whatever it is, it names no chain.
    return undefined;
  }
}

/** Whether the very chain that was started still runs: its port may be another one's by now. */
async function answers({ url, instance }: Endpoint): Promise<boolean> {
  return (await instanceAt(url)) === instance;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Milliseconds in which a chain without a keeper must have ended. */
const orphanLimit = 60_000;

async function endOrphan(endpoint: Endpoint): Promise<void> {
  const { anvil } = endpoint;
  if (!(await answers(endpoint))) return;
  if (isRunning(anvil)) process.kill(anvil, 'SIGTERM');
  const end = Date.now() + orphanLimit;
  while (isRunning(anvil) && (await answers(endpoint))) {
    if (Date.now() > end) {
      throw new TesseraError('CHAIN_FAILED', {
        message: `The embedded chain, process ${anvil}, does not end`,
        remedy: 'End that process by hand.',
        details: { pid: anvil },
      });
    }
    await sleep(50);
  }
}
