/** Real proofs in files, for forge's tests: Solidity cannot make them. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AbiParameter, encodeAbiParameters, hexToBytes, toHex } from 'viem';
import { loadCompilation } from '../compilation.ts';
import { circuitArgument } from '../model-arguments.ts';
import type { ezklJob, RealJob } from './real-jobs.ts';

const folder = fileURLToPath(new URL('../../node_modules/.cache/tessera/forge/fixtures/', import.meta.url));

/** The first segment of each job, with its proof, as `RealProof` of contracts/test/RealProofs.t.sol. */
export async function writeForgeFixtures(jobs: {
  ezkl: Awaited<ReturnType<typeof ezklJob>>;
  groth16: RealJob;
}): Promise<void> {
  const ports = await edgeTypesParameter();
  const encode = async (job: RealJob, runtime: Uint8Array, srs: string) => {
    const [circuit] = job.manifest.circuits;
    const [data] = job.verifyingData;
    if (circuit === undefined || data === undefined) throw new Error('a job has circuits');
    const proof = await job.prove(0, 9n);
    const { inputs, outputs } = circuitArgument(circuit);
    const components: AbiParameter[] = [
      { name: 'runtime', type: 'bytes' },
      { name: 'srs', type: 'bytes32' },
      { name: 'verifyingData', type: 'bytes' },
      { ...ports, name: 'inputs' },
      { ...ports, name: 'outputs' },
      { name: 'proof', type: 'bytes' },
      { name: 'publicInputs', type: 'uint256[]' },
    ];
    const value = {
      runtime: toHex(runtime),
      srs: `0x${srs}`,
      verifyingData: toHex(data),
      inputs,
      outputs,
      proof: toHex(proof.bytes),
      publicInputs: proof.publicInputs,
    };
    return hexToBytes(
      encodeAbiParameters([{ type: 'tuple', components }] as readonly AbiParameter[], [value]),
    );
  };
  await mkdir(folder, { recursive: true });
  const { ezkl, groth16 } = jobs;
  await writeFile(join(folder, 'ezkl.bin'), await encode(ezkl, ezkl.runtime, ezkl.srs));
  await writeFile(join(folder, 'groth16.bin'), await encode(groth16, new Uint8Array(), '0'.repeat(64)));
}

/** The tests that need real proofs are skipped again. */
export async function removeForgeFixtures(): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** How the contracts' ABI has a list of edge types. */
async function edgeTypesParameter(): Promise<AbiParameter> {
  const { contracts } = await loadCompilation();
  const register = contracts.EzklVerifier.abi.find(
    (item) => item.type === 'function' && item.name === 'register',
  );
  const parameter = register?.type === 'function' ? register.inputs[1] : undefined;
  if (parameter === undefined) throw new Error('register takes edge types');
  return parameter;
}
