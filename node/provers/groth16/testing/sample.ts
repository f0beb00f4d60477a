import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hexToBytes } from '@noble/hashes/utils.js';
import { readElements, writeElements } from '../../../../protocol/field.ts';
import { ConstraintWriter } from '../../circuit/language/constraint-writer.ts';
import { type Linear, wireOf } from '../../circuit/language/linear.ts';
import { workerProcess } from '../worker-process.ts';
import { builtWorker } from './worker.ts';

/** A proof with what checks it, in this program's encodings. */
export interface SampleProof {
  bytes: Uint8Array;
  publicInputs: readonly bigint[];
}

/** A real worker with a circuit of two public inputs, `context` and a · b, set up and loaded. */
export interface SampleCircuit {
  verifyingKey: Uint8Array;
  prove(context: bigint, a: bigint, b: bigint): Promise<SampleProof>;
  /** gnark's own verdict. */
  verify(proof: SampleProof): Promise<boolean>;
  close(): Promise<void>;
}

const minus = (wire: number): Linear => ({ wires: [wire], coefficients: [-1] });

export async function sampleCircuit(): Promise<SampleCircuit> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-groth16-'));
  const process = workerProcess(await builtWorker());
  const request = async (operation: string, parameters: object) =>
    (await process.request(operation, parameters)).value as Record<string, unknown>;
  const files = {
    constraints: join(folder, 'constraints'),
    provingKey: join(folder, 'proving-key'),
    verifyingKey: join(folder, 'verifying-key'),
  };

  // Wires 1 and 2 are public; 3 = context², 4 and 5 are the factors.
  const writer = new ConstraintWriter(2);
  const square = writer.wires(3);
  writer.zero([[wireOf(1), wireOf(1)]], minus(square));
  writer.zero([[wireOf(square + 1), wireOf(square + 2)]], minus(2));
  await writeFile(files.constraints, writer.finish());
  const { provingKey } = await request('setup', files);
  const { circuit } = await request('load', { ...files, provingKeyDigest: provingKey });

  return {
    verifyingKey: new Uint8Array(await readFile(files.verifyingKey)),
    async prove(context, a, b) {
      const witness = join(folder, 'witness');
      await writeFile(witness, writeElements([1n, context, a * b, context * context, a, b]));
      const { proof, publicInputs } = await request('prove', { circuit, witness });
      return {
        bytes: hexToBytes(proof as string),
        publicInputs: readElements(hexToBytes(publicInputs as string)),
      };
    },
    async verify({ bytes, publicInputs }) {
      const hex = (word: bigint) => word.toString(16).padStart(64, '0');
      const { valid } = await request('verify', {
        verifyingKey: files.verifyingKey,
        proof: Buffer.from(bytes).toString('hex'),
        publicInputs: publicInputs.map(hex).join(''),
      });
      return valid === true;
    },
    async close() {
      await process.close();
      await rm(folder, { recursive: true });
    },
  };
}
