import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Deployment, type DeployOptions, deploy, writeDeployment } from '../../contracts/deploy.ts';
import type { Certificate } from '../../protocol/certificate.ts';
import { attempt, type Chain } from './chain-client.ts';

export interface DeployContractsInit extends Pick<DeployOptions, 'ezkl' | 'signal' | 'onProgress'> {
  chain: Chain;
  /** Where the deployment is written. */
  path: string;
}

/**
 * Deploys the contracts and writes where they stand, with what explorers need to verify their code.
 *
 * @throws TesseraError `USAGE` without an account, `CHAIN_REFUSED`, `CHAIN_FAILED`
 */
export async function deployContracts({
  path,
  ...options
}: DeployContractsInit): Promise<{ deployment: Deployment; path: string }> {
  const deployment = await attempt('Deploying the contracts', () => deploy(options));
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeDeployment(path, deployment);
  return { deployment, path };
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
