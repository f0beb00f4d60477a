import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Address, isAddressEqual, zeroAddress } from 'viem';
import type { Certificate } from '../../protocol/certificate.ts';
import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { certifyChainJob } from '../chain/certify-chain-job.ts';
import { deployContracts, ezklOf } from '../chain/deploy-contracts.ts';
import { deployedMarket } from '../chain/deployment.ts';
import { type EmbeddedChain, openEmbeddedChain } from '../chain/embedded-chain.ts';
import { type Cursor, EventReader, type MarketEvent } from '../chain/events.ts';
import { proofDirectory } from '../chain/file-store.ts';
import { Chain, developmentAccount, Market } from '../chain/index.ts';
import { collectProofs } from '../chain/job-proofs.ts';
import { type PostReport, postJob } from '../chain/requester.ts';
import { publishMarketJob } from '../chain/roles/market-job.ts';
import { servedProofs } from '../chain/roles/served-proofs.ts';
import { statementOf } from '../chain/statement.ts';
import { configurationSchema } from '../configuration/index.ts';
import { type LocalNodes, startLocalNodes } from '../demo/local-nodes.ts';
import { draftJobCertificate } from '../requester/job.ts';
import { dataDirectory } from '../setup/index.ts';
import { showCoins } from './chain.ts';
import type { Context } from './context.ts';
import { marketArtifacts } from './market-artifacts.ts';
import { type Elsewhere, withNode } from './network.ts';

/** What came of a job on the demonstration's market. */
export interface MarketStory {
  chainId: number;
  market: Address;
  job: Hex32;
  segments: { segment: number; state: string; claimant: Address; peerId: string }[];
  /** Submissions that were challenged, and held. */
  defended: number;
  /** What each account was paid, in the chain's smallest unit. */
  withdrawn: { account: Address; amount: bigint }[];
  /** Whether the contracts hold the certificate's statement for proven. */
  verified: boolean;
}

/** A market on a chain of its own, two nodes that work for it, and who has jobs proven there. */
export interface LocalMarket extends Elsewhere {
  /** Known once a job was proven. */
  story: () => MarketStory | undefined;
}

/** The embedded chain's accounts by what they do. */
const accounts = { deployer: 0, requester: 1, workers: [2, 3], challenger: 4 } as const;

const coin = 10n ** 18n;
const prices = {
  ...{ reward: coin / 100n, bond: coin / 50n, duration: 3_600 },
  ...{ optimistic: true, window: 3_600n, lifetime: 86_400n },
};
const gibibyte = 2 ** 30;

/** Milliseconds in which the nodes must have proven the job. */
const patience = 300_000;

/**
 * Hands over a market on an embedded chain; nothing where this machine has none.
 *
 * @param memory bytes that all provers together may use
 * @param open starts the chain
 */
export async function withLocalMarket<T>(
  context: Context,
  memory: number | undefined,
  use: (market: LocalMarket | undefined) => Promise<T>,
  open = openEmbeddedChain,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'tessera-market-'));
  try {
    const chain = await openChain(context, join(directory, 'chain'), open);
    if (chain === undefined) return await use(undefined);
    try {
      let story: MarketStory | undefined;
      return await use({
        story: () => story,
        proveElsewhere: async (job, modules, options) => {
          const run = new MarketRun({ context, chain, directory, memory: memory ?? 0.75 * totalmem() });
          const proven = await run.prove(job, modules, options);
          story = proven.story;
          return { certificate: proven.certificate, blindings: job.blindings };
        },
      });
    } finally {
      await chain.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function openChain(
  { output, signal }: Context,
  directory: string,
  open: typeof openEmbeddedChain,
): Promise<EmbeddedChain | undefined> {
  try {
    return await open(directory, signal);
  } catch (error) {
    if (!(error instanceof TesseraError) || error.code !== 'CHAIN_MISSING') throw error;
    output.note(`${error.message}\nWithout a chain, the nodes prove what this process assigns to them.`);
    return undefined;
  }
}

interface RunInit {
  context: Context;
  chain: EmbeddedChain;
  directory: string;
  memory: number;
}

type Prove = Elsewhere['proveElsewhere'];

/** One job on the demonstration's market, from the contracts' deployment to the payments. */
class MarketRun {
  readonly #init: RunInit;

  constructor(init: RunInit) {
    this.#init = init;
  }

  async prove(
    ...[prepared, modules, options]: Parameters<Prove>
  ): Promise<{ certificate: Certificate; story: MarketStory }> {
    const { directory, context } = this.#init;
    const limit = AbortSignal.timeout(patience);
    const signal = AbortSignal.any([limit, context.signal]);
    const draft = await draftJobCertificate(prepared, modules, { signal });
    const file = join(directory, 'deployment.json');
    const deployer = await this.#connect(accounts.deployer);
    const { deployment } = await deployContracts({
      ...{ chain: deployer, path: file, signal },
      ...ezklOf([draft]),
    });
    const deployed = deployedMarket(deployment);
    this.#note(`The contracts stand on a chain of this machine’s own: market ${deployed.addresses.market}`);
    const market = new Market(await this.#connect(accounts.requester), deployed.addresses);
    const local = await this.#startWorkers(file, signal);
    try {
      return await this.#withRequester(local, async (artifacts) => {
        const posted = await postJob(
          {
            ...{ prepared, prices, modules, market, deployed },
            publish: (content, salt) =>
              publishMarketJob({ prepared, ...content, salt, provers: modules.provers, artifacts }, signal),
          },
          { signal },
        );
        this.#notePosted(posted, market);
        const follower = new SettlementFollower(this.#init.context, posted, market, local);
        const challenger = new Market(await this.#connect(accounts.challenger), deployed.addresses);
        const proofs = servedProofs(proofDirectory(join(directory, 'proofs')), artifacts, signal);
        const { job, since } = posted;
        const total = job.offers.length;
        let done = 0;
        const [collected] = await Promise.all([
          collectProofs(
            { market, job, since, proofs },
            {
              signal,
              onProof: () => options.onProgress?.({ type: 'stage', stage: 'prove', done: ++done, total }),
            },
          ),
          follower.untilSettled(challenger, signal),
        ]);
        const certificate = await certifyChainJob(draft, job, collected, modules, { signal });
        const story = await this.#settle(posted, market, certificate, local, follower.defended);
        return { certificate, story };
      });
    } catch (error) {
      if (!limit.aborted || context.signal.aborted) throw error;
      throw new TesseraError('DEADLINE_EXCEEDED', {
        message: `The nodes have not proven the job within ${patience / 1_000} s`,
        remedy: 'Run it again on a machine that does less besides.',
        cause: error,
      });
    } finally {
      await local.close();
    }
  }

  #connect(account: number): Promise<Chain> {
    return Chain.connect({ urls: [this.#init.chain.url], account: developmentAccount(account) });
  }

  #note(text: string): void {
    this.#init.context.output.note(text);
  }

  /** One of them submits hashes, which can be challenged, the other one whole proofs. */
  #startWorkers(deployment: string, signal: AbortSignal): Promise<LocalNodes> {
    const { context, chain, memory } = this.#init;
    const { directory, environment } = context.settings;
    return startLocalNodes({
      ...{ count: accounts.workers.length, installation: directory, environment, signal },
      memory: Math.max(1, Math.floor(memory / accounts.workers.length / gibibyte)),
      flags: (index) => [
        ...['--chain', '--rpc', chain.url, '--chain-id', '31337', '--deployment', deployment],
        ...['--account', String(accounts.workers[index]), '--stake', '1'],
        ...['--submit', index === 0 ? 'hash' : 'proof'],
      ],
    });
  }

  async #withRequester<T>(
    local: LocalNodes,
    use: (artifacts: ReturnType<typeof marketArtifacts>) => Promise<T>,
  ): Promise<T> {
    const configuration = configurationSchema.parse({
      listen: ['/ip4/127.0.0.1/tcp/0'],
      mdns: false,
      bootstrap: local.nodes.flatMap(({ addresses }) => [...addresses]),
    });
    const { context, directory } = this.#init;
    return withNode(
      context,
      { configuration, directory: dataDirectory(join(directory, 'requester')) },
      (node) => use(marketArtifacts(node)),
    );
  }

  #notePosted({ id, job, registration }: PostReport, market: Market): void {
    const escrow = job.offers.reduce((sum, { reward }) => sum + reward, 0n);
    this.#note(`Model ${registration.model} is registered`);
    this.#note(
      `Job ${id} is posted by ${market.chain.address}: ${job.offers.length} segments, ${showCoins(escrow)} in escrow`,
    );
  }

  /** Pays out what the workers earned, and asks the contracts what they hold for proven. */
  async #settle(
    { id, job }: PostReport,
    market: Market,
    certificate: Certificate,
    local: LocalNodes,
    defended: number,
  ): Promise<MarketStory> {
    const withdrawn: MarketStory['withdrawn'] = [];
    for (const index of accounts.workers) {
      const worker = new Market(await this.#connect(index), market.addresses);
      const account = worker.chain.address;
      const amount = await worker.owed(account, zeroAddress);
      if (amount === 0n) continue;
      await worker.withdraw(zeroAddress, account);
      withdrawn.push({ account, amount });
    }
    const found = await Promise.all(job.offers.map((_, segment) => market.segment(id, segment)));
    return {
      chainId: market.chain.network.chainId,
      market: market.addresses.market,
      job: id,
      segments: found.map(({ state, claimant }, segment) => ({
        ...{ segment, state, claimant },
        peerId: workerOf(claimant, local).peerId,
      })),
      defended,
      withdrawn,
      verified: await market.isVerified(statementOf(certificate)),
    };
  }
}

/** Tells what happens to a job until it is settled, and challenges what was submitted by its hash. */
class SettlementFollower {
  readonly #context: Context;
  readonly #posted: PostReport;
  readonly #market: Market;
  readonly #local: LocalNodes;
  readonly #challenged = new Set<bigint>();
  #settled = false;
  /** Challenged submissions that were shown to hold. */
  defended = 0;

  constructor(context: Context, posted: PostReport, market: Market, local: LocalNodes) {
    this.#context = context;
    this.#posted = posted;
    this.#market = market;
    this.#local = local;
  }

  async untilSettled(challenger: Market, signal: AbortSignal): Promise<void> {
    let cursor: Cursor | undefined;
    const store = {
      load: async () => cursor,
      save: async (next: Cursor) => {
        cursor = next;
      },
    };
    const reader = new EventReader(this.#market, {
      ...{ since: this.#posted.since, store, signal },
      handle: (event) => this.#handle(event, challenger),
    });
    for (;;) {
      await reader.catchUp();
      if (this.#settled) return;
      await sleep(200, undefined, { signal });
    }
  }

  async #handle(event: MarketEvent, challenger: Market): Promise<void> {
    const { output } = this.#context;
    switch (event.eventName) {
      case 'SegmentClaimed': {
        const { segment, claimant, bond } = event.args;
        const { name, peerId } = workerOf(claimant, this.#local);
        output.note(
          `segment ${segment}: claimed by ${name} (${peerId}), ${showCoins(bond)} of its stake bonded`,
        );
        break;
      }
      case 'ProofSubmitted': {
        const { segment } = event.args;
        output.note(
          `segment ${segment}: submitted by its proof’s hash; ${challenger.chain.address} challenges it`,
        );
        await challenger.challenge(this.#posted.job, Number(segment));
        this.#challenged.add(segment);
        break;
      }
      case 'SegmentVerified': {
        const { segment } = event.args;
        const isDefence = this.#challenged.has(segment);
        if (isDefence) this.defended += 1;
        output.note(
          `segment ${segment}: ${isDefence ? 'defended by its proof, which the contract verified' : 'its proof was verified by the contract'}`,
        );
        break;
      }
      case 'JobSettled':
        output.note('The job is settled.');
        this.#settled = true;
        break;
    }
  }
}

/** Which node has an account. */
function workerOf(account: Address, { nodes }: LocalNodes): { name: string; peerId: string } {
  const index = accounts.workers.findIndex((worker) =>
    isAddressEqual(developmentAccount(worker).address, account),
  );
  return { name: `node ${index + 1}`, peerId: nodes[index]?.peerId ?? 'unknown' };
}
