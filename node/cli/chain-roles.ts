import { join } from 'node:path';
import type { Hex32 } from '../../protocol/edge.ts';
import { ClaimGuard } from '../chain/claim-guard.ts';
import { ChainRoles, type ChainRolesInit } from '../chain/roles/chain-roles.ts';
import { openFetchedWork } from '../chain/roles/fetched-work.ts';
import { JobBook, type MarketRecord } from '../chain/roles/job-book.ts';
import { MismatchBoard } from '../chain/roles/mismatch-board.ts';
import { servedProofs } from '../chain/roles/served-proofs.ts';
import type { ArtifactAccess } from '../job/artifact-access.ts';
import { Signer } from '../job/signer.ts';
import { MemoryGate } from '../requester/memory-gate.ts';
import { type OpenMarket, withMarket } from './chain.ts';
import { jobArgument } from './chain-flags.ts';
import type { ChainRoleFlags } from './chain-role-flags.ts';
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
 * Takes part in a market while `use` runs, where the flags say so.
 *
 * @throws TesseraError `CHAIN_MISSING` without contracts, `USAGE` for flags that do not go together
 */
export async function withChainRoles<T>(
  context: Context,
  flags: ChainRoleFlags,
  modules: ChainRoleModules,
  use: (open?: OpenMarket) => Promise<T>,
): Promise<T> {
  if (flags.chain !== true) return use();
  return withMarket(context, flags, 2, async (open) => {
    const stopping = new AbortController();
    const { market } = open;
    if (flags.stake !== undefined) {
      const { amount } = await market.stake(market.chain.address);
      if (amount < flags.stake) await market.deposit(flags.stake - amount, { signal: context.signal });
    }
    const mismatches = boardOf(modules.node, open);
    if (flags.register === true) {
      const { peer } = modules.node;
      const { known, account } = await registerNodeOf(open, peer.identity, modules.proving, context.signal);
      peer.log.info({ account }, known ? 'the node was registered before' : 'the node is registered');
    }
    const roles = await openRoles(context, flags, modules, open, mismatches, stopping.signal);
    try {
      await roles.start();
      return await use(open);
    } finally {
      stopping.abort();
      await roles.stop();
      mismatches.close();
    }
  });
}

function boardOf({ peer: { transport, identity, log } }: RunningNode, { files }: OpenMarket): MismatchBoard {
  return new MismatchBoard({ transport, signer: new Signer(identity), files, log });
}

async function openRoles(
  { settings }: Context,
  flags: ChainRoleFlags,
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
    proving === undefined || flags.claim === false
      ? undefined
      : await claimingBy(proving, artifacts, join(settings.directory.node, 'work'), flags);
  return new ChainRoles(
    {
      market,
      since: deployed.since,
      ...(claiming === undefined ? {} : { claiming }),
      watch: watched(flags.watch),
      patience: flags.watchPatience ?? 600,
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
  { worker: { limits, modules, capabilities } }: OpenWorker,
  artifacts: ArtifactAccess,
  scratch: string,
  { submit }: ChainRoleFlags,
): Promise<NonNullable<ChainRolesInit['claiming']>> {
  const { provers, verifiers } = modules;
  const { memory, parallel, price } = limits;
  const speed = (capabilities?.unitsPerSecond ?? unitsPerSecond) / unitsPerSecond;
  const means = { artifacts, provers, verifiers, scratch, memory, gate: new MemoryGate(memory), speed };
  return {
    open: (segment, signal) => openFetchedWork(segment, means, signal),
    parallel,
    price,
    ...(submit === undefined ? {} : { submit }),
  };
}

/** Units of the cost model are its microseconds of proving on the machine that it was fitted on. */
const unitsPerSecond = 1_000_000;

function watched(jobs: readonly string[] = ['all']): ChainRolesInit['watch'] {
  if (jobs.includes('all')) return 'all';
  return new Set<Hex32>(jobs.filter((job) => job !== 'none').map(jobArgument));
}
