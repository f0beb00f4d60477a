import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TesseraError } from '../../protocol/errors.ts';
import { throwIfAborted } from '../abort.ts';
import { type DataDirectory, dataDirectory } from '../setup/index.ts';

/** A node in a process of its own. */
export interface LocalNode {
  peerId: string;
  /** Multiaddrs on loopback. */
  addresses: readonly string[];
  /** Where its local API listens. */
  api: string;
  directory: DataDirectory;
}

export interface LocalNodes {
  nodes: readonly LocalNode[];
  /** Ends the processes and removes their data directories; safe to call twice. */
  close(): Promise<void>;
}

export interface LocalNodesInit {
  count: number;
  /** Whose provers the nodes have, too. */
  installation: Pick<DataDirectory, 'python' | 'groth16'>;
  /** What the processes run with; settings of a node in it are left out. */
  environment: Readonly<Record<string, string | undefined>>;
  /** GiB that the provers of each may use. */
  memory: number;
  /** What each is told besides, by its index. */
  flags?: (index: number) => readonly string[];
  signal?: AbortSignal;
}

/** Milliseconds for a node to be ready, and to end when it is told to. */
const startMs = 60_000;
const endMs = 5_000;

/**
 * Starts nodes of this program on this machine: real processes that listen on loopback at free ports, each with a
 * temporary data directory. They end with this process, whatever ends it.
 *
 * @throws TesseraError `NETWORK_FAILED` when one does not start, `ABORTED`; none is left running then
 */
export async function startLocalNodes(init: LocalNodesInit): Promise<LocalNodes> {
  const children: ChildProcess[] = [];
  const root = await mkdtemp(join(tmpdir(), 'tessera-nodes-'));
  const close = async () => {
    await Promise.all(children.map(end));
    await rm(root, { recursive: true, force: true });
  };
  try {
    const starting = Array.from({ length: init.count }, async (_, index) => {
      const directory = await installedDirectory(join(root, String(index + 1)), init.installation);
      throwIfAborted(init.signal);
      const child = launch(directory, init, init.flags?.(index) ?? []);
      children.push(child);
      return { ...(await readiness(child, init.signal)), directory };
    });
    // Each has its process among the children before anything is closed.
    const started = await Promise.allSettled(starting);
    const failed = started.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return { nodes: await Promise.all(starting), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A data directory of its own in which the provers of another one are found. */
async function installedDirectory(
  root: string,
  installation: LocalNodesInit['installation'],
): Promise<DataDirectory> {
  const directory = dataDirectory(root);
  await mkdir(root, { recursive: true });
  // A junction, on Windows, needs no privilege; elsewhere the kind says nothing.
  await symlink(installation.python, directory.python, 'junction');
  await symlink(installation.groth16, directory.groth16, 'junction');
  return directory;
}

function launch(
  { root }: DataDirectory,
  { environment, memory }: LocalNodesInit,
  flags: readonly string[],
): ChildProcess {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const program = fileURLToPath(new URL(`../cli/index.${extension}`, import.meta.url));
  const settings = Object.entries(environment).filter(
    ([name]) => !name.startsWith('TESSERA_') || name.startsWith('TESSERA_WITHOUT_'),
  );
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0', '--api-port', '0', '--no-mdns'];
  const limits = ['--worker-proofs', '1', '--worker-memory', String(memory)];
  return fork(program, ['start', ...listen, ...limits, '--log-level', 'warn', '--json', ...flags], {
    env: { ...Object.fromEntries(settings), TESSERA_HOME: root },
    // The channel tells it when this process is gone.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
  });
}

/** What a node prints when it is ready. */
async function readiness(
  child: ChildProcess,
  signal: AbortSignal | undefined,
): Promise<Omit<LocalNode, 'directory'>> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw failedToStart('it has no output');
  let said = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-2_000);
  });
  const deadline = AbortSignal.timeout(startMs);
  const waiting = AbortSignal.any([deadline, ...(signal === undefined ? [] : [signal])]);
  const ended = once(child, 'exit', { signal: waiting }).then(() => {
    throw failedToStart(said.trim() || 'it ended at once');
  });
  try {
    const [line] = await Promise.race([
      once(createInterface({ input: stdout }), 'line', { signal: waiting }),
      ended,
    ]);
    const { peerId, addresses, api } = JSON.parse(line as string) as Omit<LocalNode, 'directory'>;
    if (peerId === undefined) throw failedToStart(said.trim());
    return { peerId, addresses, api };
  } catch (cause) {
    throwIfAborted(signal);
    if (deadline.aborted) throw failedToStart(`it was not ready after ${startMs / 1000} s`, cause);
    throw cause;
  } finally {
    ended.catch(() => undefined);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), endMs);
  await exited;
  clearTimeout(hard);
}

function failedToStart(why: string, cause?: unknown): TesseraError {
  return new TesseraError('NETWORK_FAILED', {
    message: `A node on this machine did not start: ${why}`,
    remedy: 'See whether this machine may listen on loopback, and has memory and disk to spare.',
    ...(cause === undefined ? {} : { cause }),
  });
}
