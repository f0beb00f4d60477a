import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Contact,
  type FetchedSample,
  PeerProcess,
} from '../../node/artifacts/transfer/testing/peer-client.ts';
import type { BenchContext, Benchmark, FigureMark } from '../benchmark.ts';
import { median } from '../repeat.ts';
import { judge } from '../row.ts';

const bytes = 200_000_000;
const providers = 4;
const repetitions = 5;

const fromOne = {
  name: 'artifact-transfer/one-provider',
  unit: 's',
  // 70 % of a bare stream's speed.
  mark: { of: 'ratio', atMost: 1.43 },
} as const satisfies FigureMark;
const fromFour = {
  name: 'artifact-transfer/four-providers',
  unit: 's',
  // No slower than from one, within 5 %.
  mark: { of: 'ratio', atMost: 1.05 },
} as const satisfies FigureMark;
const kept = { name: 'artifact-transfer/bare stream, hashed and written', unit: 's' } as const;
const memory = {
  name: 'artifact-transfer/memory-above-idle',
  unit: 'MB',
  mark: { of: 'value', atMost: 150 },
} as const satisfies FigureMark;

/**
 * An artifact of 200 MB between processes on loopback, every block checked and stored: from one provider against a bare
 * libp2p stream of as many bytes, from four against one, and what it takes of memory. And what the least takes that a
 * receiver has to do with these bytes: a bare stream, each MiB and the whole of it hashed and written to one file.
 */
export const artifactTransfer: Benchmark = {
  name: 'artifact-transfer',
  marks: [fromOne, fromFour, memory],
  async run(context) {
    const processes: PeerProcess[] = [];
    const start = async (): Promise<{ peer: PeerProcess; contact: Contact }> => {
      const peer = new PeerProcess();
      processes.push(peer);
      const directory = await mkdtemp(join(context.scratch, 'peer-'));
      return { peer, contact: await peer.ask('start', { directory }) };
    };
    try {
      return await measure(context, start);
    } finally {
      await Promise.all(processes.map((process) => process.kill()));
    }
  },
};

async function measure(
  { say, scratch, signal }: BenchContext,
  start: () => Promise<{ peer: PeerProcess; contact: Contact }>,
) {
  const fetcher = await start();
  const sources = await Promise.all(Array.from({ length: providers }, start));
  const [artifact] = await Promise.all(sources.map(({ peer }) => peer.ask('add', { seed: 1, bytes })));
  const [first] = sources;
  if (artifact === undefined || first === undefined) throw new Error('there is no provider');
  const fetchFrom = async (from: readonly { contact: Contact }[]): Promise<FetchedSample> => {
    const contacts = from.map(({ contact }) => contact);
    const fetched = await fetcher.peer.ask('fetch', { ...artifact, maxBytes: bytes, providers: contacts });
    await fetcher.peer.ask('drop', artifact);
    return fetched;
  };
  const receiveBare = async (file?: string): Promise<number> => {
    const what = { provider: first.contact, bytes, ...(file === undefined ? {} : { file }) };
    return (await fetcher.peer.ask('receiveBare', what)).seconds;
  };
  const [bare, least]: [number[], number[]] = [[], []];
  const one: FetchedSample[] = [];
  const four: FetchedSample[] = [];
  // In turn, so that what else the machine does meets all alike; a first round warms up.
  for (let round = 0; round <= repetitions; round++) {
    signal.throwIfAborted();
    say(`artifact-transfer: round ${round} of ${repetitions}`);
    const file = join(scratch, 'kept');
    const [letGo, keptSeconds] = [await receiveBare(), await receiveBare(file)];
    await rm(file);
    const [alone, together] = [await fetchFrom([first]), await fetchFrom(sources)];
    if (round === 0) continue;
    bare.push(letGo);
    least.push(keptSeconds);
    one.push(alone);
    four.push(together);
  }
  const secondsOf = (samples: readonly FetchedSample[]) => median(samples.map(({ seconds }) => seconds));
  const added = Math.max(...[...one, ...four].map(({ addedBytes }) => addedBytes));
  return {
    rows: [
      judge({ ...fromOne, value: secondsOf(one), baseline: median(bare) }),
      judge({ ...kept, value: median(least), baseline: median(bare) }),
      judge({ ...fromFour, value: secondsOf(four), baseline: secondsOf(one) }),
      judge({ ...memory, value: added / 1e6 }),
    ],
    detail: { bytes, bareSeconds: bare, keptSeconds: least, oneProvider: one, fourProviders: four },
  };
}
