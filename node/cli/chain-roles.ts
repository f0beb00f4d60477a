import { join } from 'node:path';
import { parseEther } from 'viem';
import type { Hex32 } from '../../protocol/edge.ts';
import { ClaimGuard } from '../chain/claim-guard.ts';
import { ChainRoles, type ChainRolesInit } from '../chain/roles/chain-roles.ts';
import { openFetchedWork } from '../chain/roles/fetched-work.ts';
import { JobBook, type MarketRecord } from '../chain/roles/job-book.ts';
import { MismatchBoard } from '../chain/roles/mismatch-board.ts';
import { servedProofs } from '../chain/roles/served-proofs.ts';
import type { Configuration } from '../configuration/index.ts';
import type { ArtifactAccess } from '../job/artifact-access.ts';
import { Signer } from '../job/signer.ts';
import { referenceUnitsPerSecond } from '../plan/cost-model/units.ts';
import { type OpenMarket, withMarketOf } from './chain.ts';
import { jobArgument } from './chain-flags.ts';
import type { Context } from './context.ts';
import { marketArtifacts } from './market-artifacts.ts';
import type { OpenWorker, RunningNode } from './node.ts';
import { registerNodeOf } from './registered-node.ts';

export interface ChainRoleModules {
  node: RunningNode;
  /** What it proves with; without it, it claims nothing. */
  proving: OpenWorker | undefined;
}

/**
 * Takes part in a market while `use` runs, where the configuration says so.
 *
 * @throws TesseraError `CHAIN_MISSING` without contracts, `USAGE` for settings that do not go together
 */
export async function withChainRoles<T>(
  context: Context,
  configuration: Configuration,
  modules: ChainRoleModules,
  use: (open?: OpenMarket) => Promise<T>,
): Promise<T> {
  const { chain: takesPart, stake, register } = configuration;
  if (!takesPart) return use();
  return withMarketOf(context, configuration, 2, async (open) => {
    const stopping = new AbortController();
    const { market } = open;
    if (stake !== undefined) {
      const [wanted, { amount }] = [parseEther(stake), await market.stake(market.chain.address)];
      if (amount < wanted) await market.deposit(wanted - amount, { signal: context.signal });
    }
    if (register) {
      const { peer } = modules.node;
      const { known, account } = await registerNodeOf(open, peer.identity, modules.proving, context.signal);
      peer.log.info({ account }, known ? 'the node was registered before' : 'the node is registered');
    }
    const mismatches = boardOf(modules.node, open);
    try {
      const roles = await openRoles(context, configuration, modules, open, mismatches, stopping.signal);
      try {
        await roles.start();
        return await use(open);
      } finally {
        stopping.abort();
        await roles.stop();
      }
    } finally {
      mismatches.close();
    }
  });
}

function boardOf({ peer: { transport, identity, log } }: RunningNode, { files }: OpenMarket): MismatchBoard {
  return new MismatchBoard({ transport, signer: new Signer(identity), files, log });
}

async function openRoles(
  { settings }: Context,
  { claim, submit, watch, watchPatience }: Configuration,
  { node, proving }: ChainRoleModules,
  { market, deployed, files }: OpenMarket,
  mismatches: MismatchBoard,
  signal: AbortSignal,
): Promise<ChainRoles> {
  const { peer } = node;
  const artifacts = marketArtifacts(node);
  const { chainId, market: address } = market.place;
  const records = peer.store.records<MarketRecord>('markets');
  const claiming =
    proving === undefined || !claim
      ? undefined
      : await claimingBy(proving, artifacts, join(settings.directory.node, 'work'), submit);
  return new ChainRoles(
    {
      market,
      since: deployed.since,
      ...(claiming === undefined ? {} : { claiming }),
      watch: watched(watch),
      patience: watchPatience,
    },
    {
      book: new JobBook(records, `${chainId}/${address}`),
      artifacts,
      proofs: servedProofs(files.proofs, artifacts, signal),
      guard: new ClaimGuard(files.guard),
      mismatches,
      peers: () => peer.libp2p.getPeers().length,
      log: peer.log,
    },
  );
}

async function claimingBy(
  { worker: { limits, modules, capabilities, places } }: OpenWorker,
  artifacts: ArtifactAccess,
  scratch: string,
  submit: Configuration['submit'],
): Promise<NonNullable<ChainRolesInit['claiming']>> {
  const { provers, verifiers } = modules;
  const { memory, parallel, price } = limits;
  const speed = (capabilities?.unitsPerSecond ?? referenceUnitsPerSecond) / referenceUnitsPerSecond;
  const means = { artifacts, provers, verifiers, scratch, memory, places, speed };
  return {
    open: (segment, signal) => openFetchedWork(segment, means, signal),
    parallel,
    price,
    submit,
  };
}

function watched(jobs: readonly string[]): ChainRolesInit['watch'] {
  if (jobs.includes('all')) return 'all';
  return new Set<Hex32>(jobs.filter((job) => job !== 'none').map(jobArgument));
}
