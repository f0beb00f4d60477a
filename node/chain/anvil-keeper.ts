/**
 * A process that runs the chain of one data directory for as long as somebody uses it. Every user holds a connection to
 * it, which ends with the user's process however that ends; after the last one the chain writes its state and ends.
 *
 * Argument: the directory. On standard output it says, once and in one line of JSON, that the chain runs or why not.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import writeFileAtomic from 'write-file-atomic';
import { TesseraError } from '../../protocol/errors.ts';
import { type AnvilProcess, startAnvil } from './anvil.ts';
import { chainFiles, type Endpoint, type KeeperAnswer, keeperFarewell } from './keeper-protocol.ts';

/** Milliseconds in which the first user must come. */
const firstUserLimit = 10_000;

const files = chainFiles(process.argv[2] ?? '.');
const id = randomUUID();
const users = new Set<Socket>();
let anvil: AnvilProcess | undefined;
let stopping: Promise<void> | undefined;

const server = createServer({ allowHalfOpen: true }, (user) => {
  users.add(user);
  for (const event of ['end', 'error', 'close']) user.once(event, () => void leave(user));
  user.resume();
  user.write(`${id}\n`);
});

/** Its connection is closed when it may go: the last user's once the state is written. */
async function leave(user: Socket): Promise<void> {
  if (!users.delete(user)) return;
  if (users.size === 0) await stop();
  dismiss(user);
}

function dismiss(user: Socket): void {
  if (user.writable) user.end(`${keeperFarewell}\n`);
}

function stop(): Promise<void> {
  stopping ??= (async () => {
    server.close();
    await anvil?.close();
    for (const user of users) dismiss(user);
  })();
  return stopping;
}

function say(answer: KeeperAnswer): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

async function keep(): Promise<void> {
  anvil = await startAnvil(files);
  // What it could read is what to go back to, should it be killed while it writes.
  if (existsSync(files.state)) await copyFile(files.state, files.previousState);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const { url, instance, pid } = anvil;
  const endpoint: Endpoint = { id, port, keeper: process.pid, url, instance, anvil: pid };
  await writeFileAtomic(files.endpoint, JSON.stringify(endpoint));
  void anvil.ended.then(stop);
  setTimeout(() => {
    if (users.size === 0) void stop();
  }, firstUserLimit).unref();
  say({ endpoint });
}

// Whoever started it may be gone before the answer is there: then nobody comes, and it ends.
process.stdout.on('error', () => undefined);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void stop());
try {
  await keep();
} catch (error) {
  await stop();
  const known = error instanceof TesseraError ? error : new TesseraError('INTERNAL', { message: `${error}` });
  say({ error: known.toJSON() });
}
