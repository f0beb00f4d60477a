import { TesseraError } from '../../protocol/errors.ts';
import { ClaimGuard } from '../chain/claim-guard.ts';
import { type Currency, coin, parseAmount, requireCurrency, showAmount } from '../chain/currency.ts';
import { deployContracts, ezklOf } from '../chain/deploy-contracts.ts';
import type { ProofArtifacts } from '../chain/file-store.ts';
import { Chain, developmentAccount, Market } from '../chain/index.ts';
import { MarketWorker } from '../chain/market-worker.ts';
import type { JobPrices } from '../chain/posting.ts';
import { type ProveOnChainInit, type ProveOnChainReport, proveOnChain } from '../chain/prove-on-chain.ts';
import { reportForPrograms } from '../prove-report.ts';
import type { JobRequest } from '../requester/job.ts';
import { marketOn, type OpenChain, showCost, withChain } from './chain.ts';
import type { ChainJobFlags } from './chain-job-flags.ts';
import type { Context } from './context.ts';
import { describeOutputs } from './describe-outputs.ts';
import { type EzklFlags, noteUnfollowed } from './ezkl-flags.ts';
import { marketArtifacts } from './market-artifacts.ts';
import { type ProverFlags, withProvers } from './tessera.ts';

const ether = 10n ** 18n;

/** The embedded chain's accounts by what they do. */
const accounts = { deployer: 0, requester: 1, workers: [2, 3] } as const;

interface Flags extends ChainJobFlags, ProverFlags, EzklFlags {
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
  if (flags.token !== undefined && flags.reward === undefined) {
    throw new TesseraError('USAGE', {
      message: 'There is no usual reward in a token, and --reward is not given',
      remedy: 'Say with --reward what a segment is paid, in units of the token.',
    });
  }
  const report = await withChain(context, flags, accounts.requester, async (open) => {
    const currency = flags.token === undefined ? coin : await requireCurrency(open.chain, flags.token);
    const prices = pricesOf(flags, currency);
    output.note(`Each segment pays ${showAmount(currency, prices.reward)}.`);
    return withProvers(context, flags, (tessera) =>
      tessera.withModules((modules, limits) => {
        const proveBy = (by: ProveOnChainInit['by']) =>
          proveOnChain(
            {
              ...{ request, out, prices, modules, limits, by, files: open.files },
              contracts: (draft) => {
                const { circuits } = draft.manifest;
                noteUnfollowed(
                  output,
                  flags,
                  circuits.map(({ prover }) => prover),
                );
                return contractsFor(context, open, draft);
              },
              onNote: (note) => output.note(note),
              onCosts: (costs) => output.note(costs.map(showCost).join('\n')),
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
        const workers = (market: Market) => localWorkers(open, market, 64n * prices.bond);
        return proveBy({ kind: 'accounts', workers, proofs });
      }),
    );
  });
  for (const warning of report.warnings) output.warn(warning);
  output.result(reportForPrograms(report), describe(report));
}

/** @throws TesseraError `USAGE` for a reward that the currency cannot pay */
function pricesOf(flags: ChainJobFlags, currency: Currency): JobPrices {
  const optimistic = flags.optimistic ?? false;
  return {
    reward: parseAmount(currency, flags.reward ?? '0.01'),
    bond: flags.bond ?? ether / 50n,
    duration: flags.deadline ?? 3600,
    token: currency.token.slice(2).toLowerCase(),
    optimistic,
    window: optimistic ? BigInt(flags.window ?? 3600) : 0n,
    lifetime: BigInt(flags.expires ?? 86_400),
  };
}

/** Hands over where a job's artifacts are put for peers, and proofs that peers submitted; by a node for this long. */
async function withPeers<T>(
  context: Context,
  bootstrap: readonly string[],
  own: ProofArtifacts,
  use: (peers: Omit<Extract<ProveOnChainInit['by'], { kind: 'peers' }>, 'kind'>) => Promise<T>,
): Promise<T> {
  // Loaded where it is wanted only: all of libp2p comes with it.
  const { withRequester } = await import('./network.ts');
  const { servedProofs } = await import('../chain/roles/served-proofs.ts');
  return withRequester(context, bootstrap, (node) => {
    const artifacts = marketArtifacts(node);
    return use({
      artifacts,
      proofs: servedProofs(own, artifacts, context.signal),
      listen: (handler) =>
        node.peer.transport.subscribe('offers', ({ message }) => {
          if (message.kind === 'market-mismatch') handler(message);
        }),
    });
  });
}

/** On the embedded chain the contracts are deployed when they are first needed. */
async function contractsFor(
  { output, signal }: Context,
  open: OpenChain,
  certificate: Parameters<typeof ezklOf>[0][number],
) {
  try {
    return await marketOn(open);
  } catch (error) {
    const isMissing = error instanceof TesseraError && error.code === 'CHAIN_MISSING';
    if (!isMissing || !open.embedded || open.deployment !== open.files.deployment) throw error;
  }
  output.note('The embedded chain has no contracts yet: deploying them now.');
  const chain = await Chain.connect({ urls: open.urls, account: developmentAccount(accounts.deployer) });
  await deployContracts({ chain, path: open.files.deployment, ...ezklOf([certificate]), signal });
  return marketOn(open);
}

/** Workers with stake enough for the bonds of all segments but very many. */
async function localWorkers(open: OpenChain, { addresses }: Market, stake: bigint): Promise<MarketWorker[]> {
  const workers: MarketWorker[] = [];
  for (const index of accounts.workers) {
    const chain = await Chain.connect({ urls: open.urls, account: developmentAccount(index) });
    const market = new Market(chain, addresses);
    const { amount, locked } = await market.stake(chain.address);
    if (amount - locked < stake) await market.deposit(stake);
    workers.push(
      new MarketWorker({ market, proofs: open.files.proofs, guard: new ClaimGuard(open.files.guard) }),
    );
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
  outputs,
  trust,
  seconds,
}: ProveOnChainReport): string {
  return [
    ...segments.map(
      ({ state, claimant }, index) => `segment ${index}: ${state}${state === 'open' ? '' : `, ${claimant}`}`,
    ),
    ...describeOutputs(outputs),
    `${seconds.toFixed(1)} s in all`,
    `job ${id} of model ${registration.model}: ${verified ? 'verified on the chain' : 'not verified on the chain yet'}`,
    `certificate: ${certificate}`,
    ...(opening === undefined ? [] : [`what opens its committed tensors; keep it secret: ${opening}`]),
    `trust: ${trust}`,
  ].join('\n');
}
