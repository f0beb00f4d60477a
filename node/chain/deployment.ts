import { readFile } from 'node:fs/promises';
import { type Address, getAddress, isAddress } from 'viem';
import { z } from 'zod';
import { TesseraError } from '../../protocol/errors.ts';
import type { Circuit } from '../../protocol/manifest.ts';
import { unreadable } from '../files/given-file.ts';
import type { MarketAddresses } from './market.ts';

const address = z
  .string()
  .refine((text) => isAddress(text), 'is not an address')
  .transform((text) => getAddress(text));
const contract = z.object({ address, block: z.int().min(0) });

/** What a client needs of the file that a deployment writes; the rest is for explorers. */
const deploymentSchema = z.object({
  version: z.literal(1),
  chainId: z.int().min(1),
  contracts: z.object({
    Groth16Verifier: contract,
    ModelRegistry: contract,
    NodeRegistry: contract,
    Market: contract,
  }),
  ezkl: z
    .object({ adapters: z.array(contract.extend({ srs: z.string().regex(/^[0-9a-f]{64}$/) })).max(64) })
    .optional(),
});

/** A market as a client knows it. */
export interface DeployedMarket {
  chainId: number;
  addresses: MarketAddresses;
  /** The block from which its events are read. */
  since: bigint;
  groth16: Address;
  /** ezkl's adapters by the id of their SRS. */
  ezkl: ReadonlyMap<string, Address>;
}

/** A deployment's file is small but for the sources that explorers verify by. */
const maxBytes = 16 * 2 ** 20;

/**
 * Reads the file that a deployment wrote.
 *
 * @throws TesseraError `CHAIN_MISSING` when there is none, `ENCODING_INVALID` when it is not one
 */
export async function readDeployment(path: string): Promise<DeployedMarket> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw unreadable(path, cause, { what: 'The deployment' });
    }
    throw new TesseraError('CHAIN_MISSING', {
      message: `There is no deployment in ${path}`,
      remedy: 'Deploy the contracts (tessera chain deploy), or name the file of a deployment (--deployment).',
      details: { path },
      cause,
    });
  }
  try {
    if (text.length > maxBytes) throw new Error(`it is longer than ${maxBytes} bytes`);
    return deployedMarket(deploymentSchema.parse(JSON.parse(text)));
  } catch (cause) {
    const why =
      cause instanceof z.ZodError ? z.prettifyError(cause) : cause instanceof Error ? cause.message : cause;
    throw new TesseraError('ENCODING_INVALID', {
      message: `${path} is not a deployment: ${why}`,
      remedy: 'Give the file that `tessera chain deploy` wrote.',
      details: { path },
      cause,
    });
  }
}

/** A deployment as clients see it. */
export function deployedMarket({
  chainId,
  contracts,
  ezkl,
}: z.input<typeof deploymentSchema>): DeployedMarket {
  const { Market, ModelRegistry, NodeRegistry, Groth16Verifier } = contracts;
  return {
    chainId,
    addresses: {
      market: getAddress(Market.address),
      models: getAddress(ModelRegistry.address),
      nodes: getAddress(NodeRegistry.address),
    },
    since: BigInt(Market.block),
    groth16: getAddress(Groth16Verifier.address),
    ezkl: new Map((ezkl?.adapters ?? []).map((adapter) => [adapter.srs, getAddress(adapter.address)])),
  };
}

/**
 * Which contract verifies a circuit's proofs, and the role of the artifact that it verifies by.
 *
 * @throws TesseraError `UNPROVABLE` when there is none
 */
export function verifierFor(circuit: Circuit, deployed: DeployedMarket): { verifier: Address; role: string } {
  if (circuit.prover === 'groth16') return { verifier: deployed.groth16, role: 'verifyingKey' };
  const srs = [...circuit.inputs, ...circuit.outputs].flatMap(({ scheme }) =>
    scheme.name === 'kzg' ? [scheme.srs] : [],
  );
  const known = srs.length > 0 ? deployed.ezkl.get(srs[0] ?? '') : soleOf(deployed.ezkl);
  if (circuit.prover === 'ezkl' && known !== undefined) return { verifier: known, role: 'vka' };
  throw new TesseraError('UNPROVABLE', {
    message: `These contracts have no verifier for ${circuit.adapter}${srs.length > 0 ? ` under SRS ${srs[0]}` : ''}`,
    remedy:
      'Deploy contracts for this SRS (tessera chain deploy --for CERTIFICATE --deployment FILE), or make the keys under one of theirs.',
    details: { adapter: circuit.adapter, srs: srs[0] ?? null, known: [...deployed.ezkl.keys()] },
  });
}

/** A circuit with public ports only does not say its SRS: the contract checks what its verifying data carry. */
function soleOf(adapters: ReadonlyMap<string, Address>): Address | undefined {
  return adapters.size === 1 ? [...adapters.values()][0] : undefined;
}
