import {
  type Address,
  encodeDeployData,
  type Hex,
  keccak256,
  type PublicClient,
  type TransactionReceipt,
  toHex,
} from 'viem';
import writeFileAtomic from 'write-file-atomic';
import type { Hex32 } from '../protocol/edge.ts';
import { evmVerifiers } from '../protocol/evm-verifiers.ts';
import { type ContractName, loadCompilation } from './compilation.ts';
import { type StandardInput, sourceName } from './compile.ts';

/** One contract as it was deployed. */
export interface DeployedContract {
  address: Address;
  transaction: Hex;
  block: number;
  gas: number;
  /** keccak256 of the code that now runs at the address. */
  codeHash: Hex;
  /** ABI-encoded, as explorers ask for them. */
  constructorArguments: Hex;
  /** As explorers name it; absent for code that this program did not compile. */
  source?: string;
}

/** A deployment: what is needed to use the contracts, and to verify their code. */
export interface Deployment {
  version: 1;
  chainId: number;
  deployer: Address;
  contracts: Record<Exclude<ContractName, 'EzklVerifier'>, DeployedContract>;
  /** An adapter for each SRS, and the verifier that they share; absent where ezkl's verifier was not given. */
  ezkl?: { verifier: DeployedContract; adapters: (DeployedContract & { srs: Hex32 })[] };
  compiler: { version: string; input: StandardInput };
}

/** What a deployment needs of a chain, which may be any EVM chain with the opcodes of Cancun. */
export interface DeployingChain {
  /** Who pays; holds no right over what it deploys. */
  readonly address: Address;
  readonly network: { readonly chainId: number };
  readonly client: Pick<PublicClient, 'getCode'>;
  /**
   * Sends a contract's creation and waits until it is final.
   *
   * @param action what is tried, in words, for errors
   */
  create(code: Hex, action: string, options: { signal?: AbortSignal }): Promise<TransactionReceipt>;
}

export interface DeployOptions {
  chain: DeployingChain;
  /** Runtime bytecode of ezkl's reusable verifier, and the SRS that circuits may rest on. */
  ezkl?: { runtime: Uint8Array; srs: readonly Hex32[] };
  signal?: AbortSignal;
  onProgress?: (event: { type: 'deploy:contract'; name: string; address: Address; gas: number }) => void;
}

/** The code that the deployment of a runtime starts with: it copies and returns all that follows it. */
function creationOf(runtime: Uint8Array): Hex {
  const size = runtime.length.toString(16).padStart(4, '0');
  return `0x61${size}80600a3d393df3${toHex(runtime).slice(2)}`;
}

/**
 * Deploys every contract: adapters, registries, market. Nobody, the deployer included, can change them afterwards; which
 * adapters and SRS a registry takes is fixed here.
 *
 * @throws Error when ezkl's verifier is not the reviewed code, or the chain refuses a transaction
 */
export async function deploy(options: DeployOptions): Promise<Deployment> {
  const { chain, ezkl, signal, onProgress } = options;
  const deployer = chain.address;
  if (ezkl !== undefined) requireReviewed(ezkl.runtime);
  const compilation = await loadCompilation();

  const send = async (name: string, data: Hex, constructorArguments: Hex): Promise<DeployedContract> => {
    signal?.throwIfAborted();
    const receipt = await chain.create(data, `Deploying ${name}`, signal === undefined ? {} : { signal });
    const { contractAddress: address, transactionHash: transaction } = receipt;
    if (!address) throw new Error(`${name}: its deployment ${transaction} has no address`);
    const code = await chain.client.getCode({ address });
    const gas = Number(receipt.gasUsed);
    onProgress?.({ type: 'deploy:contract', name, address, gas });
    const block = Number(receipt.blockNumber);
    return { address, transaction, block, gas, codeHash: keccak256(code ?? '0x'), constructorArguments };
  };
  const deployOwn = async (name: ContractName, args: readonly unknown[]): Promise<DeployedContract> => {
    const { abi, bytecode } = compilation.contracts[name];
    const data = encodeDeployData({ abi, bytecode, args });
    const deployed = await send(name, data, `0x${data.slice(bytecode.length)}`);
    return { ...deployed, source: `${sourceName(name)}:${name}` };
  };

  const ezklContracts = ezkl === undefined ? undefined : await deployEzkl(ezkl, send, deployOwn);
  const groth16 = await deployOwn('Groth16Verifier', []);
  const verifiers = [...(ezklContracts?.adapters ?? []), groth16].map(({ address }) => address);
  const models = await deployOwn('ModelRegistry', [verifiers]);
  const nodes = await deployOwn('NodeRegistry', []);
  const market = await deployOwn('Market', [models.address, nodes.address]);
  return {
    version: 1,
    chainId: chain.network.chainId,
    deployer,
    contracts: { Groth16Verifier: groth16, ModelRegistry: models, NodeRegistry: nodes, Market: market },
    ...(ezklContracts === undefined ? {} : { ezkl: ezklContracts }),
    compiler: { version: compilation.compiler, input: compilation.input },
  };
}

/** Writes a deployment into one file, as JSON, which is there only when it is whole. */
export async function writeDeployment(path: string, deployment: Deployment): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(deployment, null, 2)}\n`);
}

async function deployEzkl(
  { runtime, srs }: { runtime: Uint8Array; srs: readonly Hex32[] },
  send: (name: string, data: Hex, constructorArguments: Hex) => Promise<DeployedContract>,
  deployOwn: (name: ContractName, args: readonly unknown[]) => Promise<DeployedContract>,
): Promise<NonNullable<Deployment['ezkl']>> {
  const verifier = await send('Halo2VerifierReusable', creationOf(runtime), '0x');
  const adapters: (DeployedContract & { srs: Hex32 })[] = [];
  for (const id of srs) {
    adapters.push({ ...(await deployOwn('EzklVerifier', [verifier.address, `0x${id}`])), srs: id });
  }
  return { verifier, adapters };
}

/** The adapter's constructor would refuse other code, after it was paid for. */
function requireReviewed(runtime: Uint8Array): void {
  const found = keccak256(runtime).slice(2);
  if (evmVerifiers[0]?.codeHash === found) return;
  throw new Error(`ezkl's verifier has code hash ${found}, not ${evmVerifiers[0]?.codeHash}`);
}
