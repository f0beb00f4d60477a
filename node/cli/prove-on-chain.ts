import { TesseraError } from '../../protocol/errors.ts';
import { ClaimGuard } from '../chain/claim-guard.ts';
import { deployContracts, ezklOf } from '../chain/deploy-contracts.ts';
import type { ProofArtifacts } from '../chain/file-store.ts';
import { Chain, developmentAccount, Market } from '../chain/index.ts';
import { type ProveOnChainInit, type ProveOnChainReport, proveOnChain } from '../chain/prove-on-chain.ts';
import { Worker } from '../chain/worker.ts';
import type { ArtifactAccess } from '../job/artifact-access.ts';
import type { JobRequest } from '../requester/job.ts';
import { marketOn, type OpenChain, withChain } from './chain.ts';
import type { ChainJobFlags } from './chain-job-flags.ts';
import type { Context } from './context.ts';
import { marketArtifacts } from './market-artifacts.ts';
import { type ProverFlags, withProvers } from './tessera.ts';

const ether = 10n ** 18n;

/** The embedded chain's accounts by what they do. */
const accounts = { deployer: 0, requester: 1, workers: [2, 3] } as const;

interface Flags extends ChainJobFlags, ProverFlags {
  network?: boolean;
  bootstrap?: readonly string[];
}

/** `tessera prove --chain`: proves, writes the certificate, and has the job proven on a chain. */
export async function proveOnChainOf(
  context: Context,
  flags: Flags,
  request: Omit<JobRequest, 'limits'>,
  out: string,
): Promise<void> {
  const { output, signal } = context;
  const bond = flags.bond ?? ether / 50n;
  const optimistic = flags.optimistic ?? false;
  const prices = {
    reward: flags.reward ?? ether / 100n,
    bond,
    duration: flags.deadline ?? 3600,
    optimistic,
    window: optimistic ? BigInt(flags.window ?? 3600) : 0n,
    lifetime: BigInt(flags.expires ?? 86_400),
  };
  const report = await withChain(context, flags, accounts.requester, (open) =>
    withProvers(context, flags, (tessera) =>
      tessera.withModules((modules, limits) => {
        const proveBy = (by: ProveOnChainInit['by']) =>
          proveOnChain(
            {
              ...{ request, out, prices, modules, limits, by, files: open.files },
              contracts: (draft) => contractsFor(context, open, flags, draft),
              onNote: (note) => output.note(note),
            },
            { signal, onProgress: (event) => output.progress(event) },
          );
        const { proofs } = open.files;
        if (flags.network === true) {
          return withPeers(context, flags.bootstrap ?? [], proofs, (peers) =>
            proveBy({ kind: 'peers', ...peers }),
          );
        }
        if (!open.embedded) return proveBy({ kind: 'others' });
        const workers = (market: Market) => localWorkers(open, market, 64n * bond);
        return proveBy({ kind: 'accounts', workers, proofs });
      }),
    ),
  );
  output.result(report, describe(report));
}

/** Hands over where a job's artifacts are put for peers, and proofs that peers submitted; by a node for this long. */
async function withPeers<T>(
  context: Context,
  bootstrap: readonly string[],
  own: ProofArtifacts,
  use: (peers: { artifacts: ArtifactAccess; proofs: ProofArtifacts }) => Promise<T>,
): Promise<T> {
  // Loaded where it is wanted only: all of libp2p comes with it.
  const { withRequester } = await import('./network.ts');
  const { servedProofs } = await import('../chain/roles/served-proofs.ts');
  return withRequester(context, bootstrap, (node) => {
    const artifacts = marketArtifacts(node);
    return use({ artifacts, proofs: servedProofs(own, artifacts, context.signal) });
  });
}

/** On the embedded chain the contracts are deployed when they are first needed. */
async function contractsFor(
  { output, signal }: Context,
  open: OpenChain,
  flags: ChainJobFlags,
  certificate: Parameters<typeof ezklOf>[0][number],
) {
  try {
    return await marketOn(open, flags);
  } catch (error) {
    const isMissing = error instanceof TesseraError && error.code === 'CHAIN_MISSING';
    if (!isMissing || !open.embedded || flags.deployment !== undefined) throw error;
  }
  output.note('The embedded chain has no contracts yet: deploying them now.');
  const [url = ''] = open.urls;
  const chain = await Chain.connect({ urls: open.urls, account: developmentAccount(accounts.deployer) });
  await deployContracts({ chain, url, path: open.files.deployment, ...ezklOf([certificate]), signal });
  return marketOn(open, flags);
}

/** Workers with stake enough for the bonds of all segments but very many. */
async function localWorkers(open: OpenChain, { addresses }: Market, stake: bigint): Promise<Worker[]> {
  const workers: Worker[] = [];
  for (const index of accounts.workers) {
    const chain = await Chain.connect({ urls: open.urls, account: developmentAccount(index) });
    const market = new Market(chain, addresses);
    const { amount, locked } = await market.stake(chain.address);
    if (amount - locked < stake) await market.deposit(stake);
    workers.push(new Worker({ market, proofs: open.files.proofs, guard: new ClaimGuard(open.files.guard) }));
  }
  return workers;
}

function describe({
  id,
  registration,
  segments,
  verified,
  certificate,
  opening,
}: ProveOnChainReport): string {
  return [
    ...segments.map(
      ({ state, claimant }, index) => `segment ${index}: ${state}${state === 'open' ? '' : `, ${claimant}`}`,
    ),
    `job ${id} of model ${registration.model}: ${verified ? 'verified on the chain' : 'not verified on the chain yet'}`,
    `certificate: ${certificate}`,
    ...(opening === undefined ? [] : [`what opens its committed tensors; keep it secret: ${opening}`]),
  ].join('\n');
}
