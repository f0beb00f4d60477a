/**
 * A process that takes one segment as far as it goes, as a node's worker does, and says how it then stands. Its one
 * argument is a file with what it needs; its proofs were made before, so that it is the chain's part that can be stopped.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hexToBytes } from 'viem';
import { Chain } from '../chain-client.ts';
import { ClaimGuard } from '../claim-guard.ts';
import { developmentAccount } from '../embedded-chain.ts';
import { jsonFile, proofDirectory } from '../file-store.ts';
import { loadPostedJobRecord } from '../job-record.ts';
import { Market, type MarketAddresses } from '../market.ts';
import { MarketWorker } from '../market-worker.ts';
import { boundaryOf } from './job-boundary.ts';

export interface ClaimingInit {
  url: string;
  account: number;
  addresses: MarketAddresses;
  /** File of the job's record. */
  record: string;
  segment: number;
  /** The segment's proof by this account. */
  proof: { publicInputs: string[]; bytes: `0x${string}` };
  /** What this node keeps. */
  directory: string;
}

const init = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as ClaimingInit;
const { url, account, addresses, record, segment, proof, directory } = init;
const loaded = await loadPostedJobRecord(jsonFile(record));
if (loaded === undefined) throw new Error(`${record} holds no job`);
const { job } = loaded;
const chain = await Chain.connect({
  urls: [url],
  account: developmentAccount(account),
  pace: { pollInterval: 20 },
});
const worker = new MarketWorker({
  market: new Market(chain, addresses),
  proofs: proofDirectory(join(directory, 'proofs')),
  guard: new ClaimGuard(jsonFile(join(directory, 'failures.json'))),
});
const { state } = await worker.work(job, segment, async () => ({
  expectedSeconds: 1,
  provesFirst: false,
  execute: async () => boundaryOf(job, segment),
  prove: async () => ({
    publicInputs: proof.publicInputs.map(BigInt),
    bytes: hexToBytes(proof.bytes),
  }),
  close: async () => undefined,
}));
process.stdout.write(state);
