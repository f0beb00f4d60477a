import { bytesToHex, type Hex, keccak256 } from 'viem';
import { circuitArgument, modelArgument } from '../../contracts/model-arguments.ts';
import type { Certificate } from '../../protocol/certificate.ts';
import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { modelId } from '../../protocol/ids.ts';
import type { Circuit, Manifest } from '../../protocol/manifest.ts';
import { modelRegistryAbi } from './abi.ts';
import type { Chain } from './chain-client.ts';
import { type DeployedMarket, verifierFor } from './deployment.ts';
import { word } from './job.ts';
import type { SendOptions } from './sender.ts';

/** Bytes of one stored piece of verifying data: the most that a contract's code may have, less one (EIP-170). */
const chunkBytes = 24_575;

export interface RegistrationReport {
  model: Hex32;
  /** Whether it was registered before. */
  known: boolean;
  transactions: { step: string; hash: Hex; gas: number }[];
}

/**
 * Registers a model: its circuits with their verifying data, one transaction each or more, then the model. What is there
 * is left as it is, so this goes on where it stopped.
 *
 * @throws TesseraError `UNPROVABLE` for a circuit that these contracts have no verifier for, `CERTIFICATE_DAMAGED`,
 *   `CHAIN_REFUSED`, `CHAIN_FAILED`
 */
export async function registerModel(
  { manifest, artifacts }: Pick<Certificate, 'manifest' | 'artifacts'>,
  chain: Chain,
  deployed: DeployedMarket,
  options: SendOptions = {},
): Promise<RegistrationReport> {
  const registry = { address: deployed.addresses.models, abi: modelRegistryAbi } as const;
  const description = modelArgument(manifest);
  const model = await requireSameId(manifest, () =>
    chain.read({ ...registry, functionName: 'modelId', args: [description] }),
  );
  const report: RegistrationReport = { model, known: false, transactions: [] };
  if (await chain.read({ ...registry, functionName: 'isRegistered', args: [word(model)] }))
    return { ...report, known: true };

  const note = (step: string, { transactionHash, gasUsed }: { transactionHash: Hex; gasUsed: bigint }) =>
    report.transactions.push({ step, hash: transactionHash, gas: Number(gasUsed) });
  for (const [index, circuit] of manifest.circuits.entries()) {
    const { verifier, role } = verifierFor(circuit, deployed);
    const data = verifyingDataOf(circuit, role, artifacts);
    const pieces = split(data);
    const rest = pieces.pop() ?? '0x';
    for (const [part, piece] of pieces.entries()) {
      const known = await chain.read({ ...registry, functionName: 'chunkOf', args: [keccak256(piece)] });
      if (!/^0x0+$/.test(known)) continue;
      const action = `Storing part ${part} of circuit ${index}'s verifying data`;
      note(
        action,
        await chain.write({ ...registry, functionName: 'storeChunk', args: [piece], action }, options),
      );
    }
    const args = [circuitArgument(circuit), verifier, pieces.map((piece) => keccak256(piece)), rest] as const;
    const action = `Registering circuit ${index}`;
    note(action, await chain.write({ ...registry, functionName: 'registerCircuit', args, action }, options));
  }
  const action = 'Registering the model';
  const args = [description] as const;
  note(action, await chain.write({ ...registry, functionName: 'registerModel', args, action }, options));
  return report;
}

/** What is registered must be what everybody else calls by this id. */
async function requireSameId(manifest: Manifest, ask: () => Promise<Hex>): Promise<Hex32> {
  const own = modelId(manifest);
  const found = (await ask()).slice(2);
  if (found === own) return own;
  throw new TesseraError('CHAIN_FAILED', {
    message: `The registry computes model id ${found}, and this program ${own}`,
    remedy: 'The contracts are of another version: deploy those of this one, or use its program.',
    details: { found, expected: own },
  });
}

function verifyingDataOf(circuit: Circuit, role: string, artifacts: Certificate['artifacts']): Uint8Array {
  const bytes = artifacts.get(circuit.artifacts[role] ?? '');
  if (bytes !== undefined) return bytes;
  throw new TesseraError('CERTIFICATE_DAMAGED', {
    message: `The certificate does not carry the ${role} of a circuit of ${circuit.adapter}`,
    remedy: 'Make the certificate again.',
  });
}

function split(data: Uint8Array): Hex[] {
  return Array.from({ length: Math.ceil(data.length / chunkBytes) }, (_, index) =>
    bytesToHex(data.subarray(index * chunkBytes, (index + 1) * chunkBytes)),
  );
}
