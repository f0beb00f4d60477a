import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createClient, http, rpcSchema } from 'viem';
import { TesseraError } from '../../protocol/errors.ts';

/** A running anvil. */
export interface AnvilProcess {
  url: string;
  pid: number;
  /** What tells this run of it from every other. */
  instance: string;
  /** Comes when it has ended, for whatever reason. */
  ended: Promise<void>;
  /** Asks it to write its state and end, and waits until it has. */
  close(): Promise<void>;
}

export interface AnvilInit {
  /** File that its state is read from, if it is there, and written to. */
  state: string;
  /** Directory for states of earlier blocks that do not fit memory. */
  history: string;
}

/** Seconds between two times that the state is written, for the case that the process is killed. */
const stateInterval = 5;

/** Milliseconds in which it must listen. */
const startLimit = 30_000;

/** The package that carries the binary for this machine. */
function binaryPath(): string {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const executable = process.platform === 'win32' ? 'anvil.exe' : 'anvil';
  const file = `@foundry-rs/anvil-${process.platform}-${architecture}/bin/${executable}`;
  const require = createRequire(import.meta.url);
  try {
    return createRequire(require.resolve('@foundry-rs/anvil/package.json')).resolve(file);
  } catch (cause) {
    throw new TesseraError('CHAIN_MISSING', {
      message: `The embedded chain, anvil, has no build for ${process.platform} on ${process.arch}, or is not installed`,
      remedy: 'Run `npm install` without --omit=optional, or give the endpoint of a chain with --rpc.',
      cause,
    });
  }
}

/**
 * Starts anvil on a free port of loopback.
 *
 * @throws TesseraError `CHAIN_MISSING` where there is no build of it, `CHAIN_FAILED` when it does not start
 */
export async function startAnvil({ state, history }: AnvilInit): Promise<AnvilProcess> {
  const child = spawn(
    binaryPath(),
    [
      ...['--host', '127.0.0.1', '--port', '0'],
      ...['--state', state, '--state-interval', String(stateInterval), '--cache-path', history],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  try {
    const url = await listening(child, state);
    // Its log of every request is not wanted; a pipe that nobody reads would stop it.
    child.stdout.resume();
    child.stderr.resume();
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const instance = await instanceAt(url);
    if (instance === undefined)
      throw new TesseraError('CHAIN_FAILED', {
        message: 'The embedded chain does not answer',
        remedy: 'Run it again.',
      });
    return { url, pid: child.pid as number, instance, ended, close: () => end(child) };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/**
 * Which run of anvil listens at a URL.
 *
 * @returns nothing when nobody does, or something else
 */
export async function instanceAt(url: string): Promise<string | undefined> {
  const client = createClient({
    rpcSchema:
      rpcSchema<[{ Method: 'anvil_metadata'; Parameters?: undefined; ReturnType: { instanceId: string } }]>(),
    transport: http(url, { retryCount: 0, timeout: 10_000 }),
  });
  try {
    const { instanceId } = await client.request({ method: 'anvil_metadata' });
    return instanceId;
  } catch {
    // Whatever is there, it is not anvil.
    return undefined;
  }
}

function listening(child: ChildProcess, state: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (why: string) => {
      const isDamaged = /failed to parse json file/.test(said);
      reject(
        new TesseraError('CHAIN_FAILED', {
          message: isDamaged
            ? `The embedded chain's state, ${state}, is damaged: ${/expected .*|EOF .*|missing .*/.exec(said)?.[0] ?? 'it cannot be read'}`
            : `The embedded chain does not start: ${why}`,
          remedy: isDamaged
            ? 'It was left as it is. Put the file `state.previous.json` beside it, which is from the last start, in its place; or move the whole directory away, and the chain begins anew.'
            : 'Run it again; if it fails again, move its directory away, and the chain begins anew.',
          details: { state, output: said.slice(-2_000) },
        }),
      );
    };
    const timer = setTimeout(() => fail(`it does not listen after ${startLimit / 1000} s`), startLimit);
    const read = (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-20_000);
      const address = /Listening on (127\.0\.0\.1:\d+)/.exec(said)?.[1];
      if (address === undefined) return;
      clearTimeout(timer);
      resolve(`http://${address}`);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code, ended) => {
      clearTimeout(timer);
      fail(`it ended with ${ended ?? `status ${code}`}: ${said.slice(-500).trim()}`);
    });
  });
}

/** Milliseconds in which it may write its state. */
const stopLimit = 10_000;

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopLimit);
  await ended;
  clearTimeout(timer);
}
