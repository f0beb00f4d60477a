import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Deployment, type DeployOptions, deploy, writeDeployment } from '../../contracts/deploy.ts';
import type { Certificate } from '../../protocol/certificate.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { attempt, type Chain } from './chain-client.ts';
import { type DeployedMarket, readDeployment } from './deployment.ts';

export interface DeployContractsInit extends Pick<DeployOptions, 'ezkl' | 'signal' | 'onProgress'> {
  chain: Chain;
  /** Where the deployment is written; not where another one is that stands. */
  path: string;
}

/**
 * Deploys the contracts and writes where they stand, with what explorers need to verify their code.
 *
 * @throws TesseraError `USAGE` without an account, or where the file would be lost; `CHAIN_REFUSED`, `CHAIN_FAILED`
 */
export async function deployContracts({
  path,
  ...options
}: DeployContractsInit): Promise<{ deployment: Deployment; path: string }> {
  await requireFree(path, options.chain);
  // Before anything is paid for.
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const deployment = await attempt('Deploying the contracts', () => deploy(options));
  await writeDeployment(path, deployment);
  return { deployment, path };
}

/**
 * The file may be the only record of where a market stands, with stakes and escrows in it: it is replaced only where
 * that market is gone, as when the embedded chain was begun anew.
 */
async function requireFree(path: string, { client, network }: Chain): Promise<void> {
  const earlier = await earlierDeployment(path);
  if (earlier === undefined) return;
  const { chainId, addresses } = earlier;
  const { market } = addresses;
  const details = { path, chainId, market };
  if (chainId !== network.chainId) {
    throw new TesseraError('USAGE', {
      message: `${path} is the deployment of a market on chain ${chainId}, and this is chain ${network.chainId}`,
      remedy: 'Name another file for this one: --deployment FILE.',
      details,
    });
  }
  if ((await client.getCode({ address: market })) === undefined) return;
  throw new TesseraError('USAGE', {
    message: `A market stands already at ${market} on chain ${chainId}, and ${path} is the record of it`,
    remedy: 'Use it as it is; or have another one, in a file of another name: --deployment FILE.',
    details,
  });
}

async function earlierDeployment(path: string): Promise<DeployedMarket | undefined> {
  try {
    return await readDeployment(path);
  } catch (cause) {
    if (!(cause instanceof TesseraError)) throw cause;
    if (cause.code === 'CHAIN_MISSING') return undefined;
    if (cause.code !== 'ENCODING_INVALID') throw cause;
    throw new TesseraError('USAGE', {
      message: `${path} is there already, and is no deployment: nothing else is replaced`,
      remedy: 'Choose another name for --deployment, or remove the file.',
      details: { path },
      cause,
    });
  }
}

/** What a deployment needs for the proofs of ezkl in these certificates; nothing where there are none. */
export function ezklOf(
  certificates: readonly Pick<Certificate, 'manifest' | 'artifacts'>[],
): Pick<DeployOptions, 'ezkl'> {
  const runtimes = certificates.flatMap(({ manifest, artifacts }) =>
    manifest.circuits.flatMap((circuit) => artifacts.get(circuit.artifacts.evmVerifier ?? '') ?? []),
  );
  const srs = [...new Set(certificates.flatMap(({ manifest }) => manifest.srs))];
  const [runtime] = runtimes;
  return runtime === undefined ? {} : { ezkl: { runtime, srs } };
}
