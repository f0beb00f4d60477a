import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lock } from 'proper-lockfile';
import { createPublicClient, http, type LocalAccount } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { TesseraError } from '../../protocol/errors.ts';
import { startAnvil } from './anvil.ts';

/** The chain of one data directory. */
export interface EmbeddedChain {
  url: string;
  /** Whether this process holds it, and so ends it. */
  held: boolean;
  /** Ends it if this process holds it; its state stays in the directory. */
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

const endpointSchema = z.object({
  url: z.url({ protocol: /^http$/, hostname: /^127\.0\.0\.1$/ }),
  pid: z.int().min(2),
});
type Endpoint = z.infer<typeof endpointSchema>;

/** Milliseconds that a process waits for the chain that another one is starting. */
const joinLimit = 30_000;

/**
 * Starts the chain of a data directory, or joins the one that another process runs there. One that a killed process left
 * behind is taken over as it is.
 *
 * @param directory where its state is kept
 * @throws TesseraError `CHAIN_MISSING` where anvil has no build for this machine, `CHAIN_FAILED`
 */
export async function openEmbeddedChain(directory: string, signal?: AbortSignal): Promise<EmbeddedChain> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, 'endpoint.json');
  const end = Date.now() + joinLimit;
  for (;;) {
    const release = await lock(directory, { lockfilePath: join(directory, 'lock') }).catch(isLocked);
    if (release !== undefined) {
      try {
        return await hold(directory, file, release, signal);
      } catch (error) {
        await release();
        throw error;
      }
    }
    const running = await readEndpoint(file);
    if (running !== undefined) return { url: running.url, held: false, close: async () => undefined };
    if (Date.now() > end) {
      throw new TesseraError('CHAIN_FAILED', {
        message: `Another process holds the embedded chain in ${directory}, and the chain does not answer`,
        remedy: 'End that process, and run this again.',
        details: { directory },
      });
    }
    await sleep(200, undefined, signal ? { signal } : {});
  }
}

/** @returns nothing when another process holds the lock */
function isLocked(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ELOCKED') return undefined;
  throw error;
}

async function hold(
  directory: string,
  file: string,
  release: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<EmbeddedChain> {
  const orphan = await readEndpoint(file);
  const chain =
    orphan === undefined
      ? await startAnvil({
          state: join(directory, 'state.json'),
          history: join(directory, 'history'),
          ...(signal ? { signal } : {}),
        })
      : { ...orphan, close: () => endOrphan(orphan) };
  await writeFileAtomic(file, JSON.stringify({ url: chain.url, pid: chain.pid } satisfies Endpoint));
  return {
    url: chain.url,
    held: true,
    close: async () => {
      await chain.close();
      await rm(file, { force: true });
      await release();
    },
  };
}

/** Where a chain runs that answers; a file that is left of one that ended counts for nothing. */
async function readEndpoint(file: string): Promise<Endpoint | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const endpoint = text === undefined ? undefined : endpointSchema.safeParse(parseJson(text)).data;
  return endpoint !== undefined && (await answers(endpoint.url)) ? endpoint : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whatever it is, it names no chain.
    return undefined;
  }
}

async function answers(url: string): Promise<boolean> {
  const client = createPublicClient({ transport: http(url, { retryCount: 0, timeout: 2_000 }) });
  try {
    return /^anvil\//.test(await client.request({ method: 'web3_clientVersion' }));
  } catch {
    // Nobody listens there any more.
    return false;
  }
}

/** Milliseconds in which a chain that is no child of this process must have ended. */
const orphanLimit = 10_000;

async function endOrphan({ pid, url }: Endpoint): Promise<void> {
  process.kill(pid, 'SIGTERM');
  const end = Date.now() + orphanLimit;
  while (await answers(url)) {
    if (Date.now() > end) {
      throw new TesseraError('CHAIN_FAILED', {
        message: `The embedded chain, process ${pid}, does not end`,
        remedy: 'End that process by hand.',
        details: { pid },
      });
    }
    await sleep(50);
  }
}
