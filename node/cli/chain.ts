import { TesseraError } from '../../protocol/errors.ts';
import { type ChainDirectory, chainDirectory, embeddedDirectory } from '../chain/chain-directory.ts';
import { coin, showAmount } from '../chain/currency.ts';
import {
  Chain,
  type DeployedMarket,
  developmentAccount,
  Market,
  openEmbeddedChain,
  readDeployment,
} from '../chain/index.ts';
import { openKeystore } from '../chain/keystore.ts';
import { embeddedNetwork } from '../chain/network.ts';
import type { TransactionCost } from '../chain/transaction-cost.ts';
import type { Configuration } from '../configuration/index.ts';
import { readGiven } from '../files/given-file.ts';
import type { ChainFlags, ChainSettings } from './chain-flags.ts';
import { configurationOf } from './configuration.ts';
import type { Context } from './context.ts';

/** A chain as the flags name it; the embedded one where they name none. */
export interface OpenChain {
  chain: Chain;
  /** The file of the contracts' deployment, which may not exist yet. */
  deployment: string;
  /** Its endpoints. */
  urls: readonly string[];
  embedded: boolean;
  files: ChainDirectory;
}

export interface OpenMarket extends OpenChain {
  market: Market;
  deployed: DeployedMarket;
}

/**
 * Hands a chain to `use`, and ends the embedded one afterwards if this process started it.
 *
 * @param account of the embedded chain, where the flags name none
 * @throws TesseraError `USAGE` for flags that do not go together
 */
export async function withChain<T>(
  context: Context,
  flags: ChainFlags,
  account: number,
  use: (open: OpenChain) => Promise<T>,
): Promise<T> {
  const { config } = flags;
  const configuration = await configurationOf(context, config === undefined ? {} : { config });
  return withChainOf(context, chainSettings(configuration, flags), account, use);
}

/** As {@link withChain}, with the settings at hand. */
async function withChainOf<T>(
  { settings, signal }: Context,
  named: ChainSettings,
  account: number,
  use: (open: OpenChain) => Promise<T>,
): Promise<T> {
  const root = settings.directory.chain;
  const placesOf = (chain: Chain) => {
    const files = chainDirectory(root, chain.network.chainId);
    return { files, deployment: named.deployment ?? files.deployment };
  };
  if (named.rpc.length > 0) {
    const key = await accountOf(named);
    const chain = await Chain.connect({
      urls: named.rpc,
      ...(key === undefined ? {} : { account: key }),
      ...(named.chainId === undefined ? {} : { chainId: named.chainId }),
    });
    if (named.account !== undefined && chain.network.chainId !== embeddedNetwork.chainId) {
      throw usage(
        '--account names an account whose key everybody knows: only for an embedded chain',
        'Name the file of a key of your own: --keystore FILE --password-file FILE.',
      );
    }
    return use({ chain, urls: named.rpc, embedded: false, ...placesOf(chain) });
  }
  if (named.keystore !== undefined)
    throw usage(
      '--keystore belongs to a chain that --rpc names',
      'Name its endpoints with --rpc, or leave --keystore out.',
    );
  const embedded = await openEmbeddedChain(embeddedDirectory(root), signal);
  try {
    const urls = [embedded.url];
    const chain = await Chain.connect({ urls, account: developmentAccount(named.account ?? account) });
    return await use({ chain, urls, embedded: true, ...placesOf(chain) });
  } finally {
    await embedded.close();
  }
}

/** As {@link withChain}, with the contracts there. @throws TesseraError `CHAIN_MISSING` when they are not */
export async function withMarket<T>(
  context: Context,
  flags: ChainFlags,
  account: number,
  use: (open: OpenMarket) => Promise<T>,
): Promise<T> {
  return withChain(context, flags, account, async (open) => use({ ...open, ...(await marketOn(open)) }));
}

/** As {@link withMarket}, with the settings at hand. */
export async function withMarketOf<T>(
  context: Context,
  named: ChainSettings,
  account: number,
  use: (open: OpenMarket) => Promise<T>,
): Promise<T> {
  return withChainOf(context, named, account, async (open) => use({ ...open, ...(await marketOn(open)) }));
}

/** A flag goes before the configuration; one that names the account, before all of the configuration's account. */
function chainSettings(configuration: Configuration, { config: _, ...flags }: ChainFlags): ChainSettings {
  const { rpc, chainId, keystore, passwordFile, account, deployment } = configuration;
  const named = [flags.account, flags.keystore, flags.passwordFile].some((flag) => flag !== undefined);
  const sender = named ? {} : { keystore, passwordFile, account };
  const chosen = { rpc, chainId, deployment, ...sender, ...flags };
  return {
    rpc: chosen.rpc,
    ...(chosen.chainId === undefined ? {} : { chainId: chosen.chainId }),
    ...(chosen.keystore === undefined ? {} : { keystore: chosen.keystore }),
    ...(chosen.passwordFile === undefined ? {} : { passwordFile: chosen.passwordFile }),
    ...(chosen.account === undefined ? {} : { account: chosen.account }),
    ...(chosen.deployment === undefined ? {} : { deployment: chosen.deployment }),
  };
}

/** The contracts of a chain. @throws TesseraError `CHAIN_MISSING` */
export async function marketOn({
  chain,
  deployment,
}: Pick<OpenChain, 'chain' | 'deployment'>): Promise<{ market: Market; deployed: DeployedMarket }> {
  const deployed = await readDeployment(deployment);
  if (deployed.chainId !== chain.network.chainId) {
    throw usage(
      `The deployment is on chain ${deployed.chainId}, and the endpoints are of chain ${chain.network.chainId}`,
      'Name the file of a deployment on this chain (--deployment), or endpoints of the other (--rpc).',
    );
  }
  const { market } = deployed.addresses;
  if ((await chain.client.getCode({ address: market })) === undefined) {
    throw new TesseraError('CHAIN_MISSING', {
      message: `There is no contract at ${market}, where ${deployment} has the market: this chain was begun anew, or is another one`,
      remedy: 'Deploy the contracts (tessera chain deploy), or name the file of a deployment (--deployment).',
      details: { market },
    });
  }
  return { market: new Market(chain, deployed.addresses), deployed };
}

async function accountOf({ keystore, passwordFile, account }: ChainSettings) {
  if (account !== undefined) {
    if (keystore !== undefined)
      throw usage('--account and --keystore both name the account', 'Leave one of them out.');
    return developmentAccount(account);
  }
  if (keystore === undefined && passwordFile === undefined) return undefined;
  if (keystore === undefined || passwordFile === undefined)
    throw usage('--keystore and --password-file belong together', 'Give both, or neither.');
  return openKeystore(
    keystore,
    (await readGiven(passwordFile, { what: 'The password file' })).toString('utf8').replace(/\r?\n$/, ''),
  );
}

function usage(message: string, remedy: string): TesseraError {
  return new TesseraError('USAGE', { message, remedy });
}

/** Shows an amount of the chain's coin. */
export const showCoins = (wei: bigint): string => showAmount(coin, wei);

/** What a transaction is expected to cost. */
export function showCost({ action, gas, executionFee, dataFee }: TransactionCost): string {
  const forData = dataFee === 0n ? '' : `, and ${showCoins(dataFee)} for its data`;
  return `${action} is expected to take ${gas} gas, ${showCoins(executionFee)}${forData}.`;
}
