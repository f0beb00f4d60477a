import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex } from '@noble/hashes/utils.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QuantisedModel } from '../../../protocol/arithmetic/model.ts';
import {
  type CommittedType,
  commitmentDomain,
  commitmentElement,
} from '../../../protocol/poseidon2/index.ts';
import { ArtifactCache } from '../../artifacts/cache.ts';
import { type CompiledCircuit, compileCircuit } from '../circuit/compile.ts';
import type { CircuitPort } from '../circuit/ports.ts';
import { createGroth16Prover, type Groth16Prover, type KeyedCircuit } from './prover.ts';
import { builtWorker } from './testing/worker.ts';
import { checkProof, readSetupRecord, readVerifyingKey } from './verifier/index.ts';

const buildTimeout = 300_000;

const type: CommittedType = { shape: [6], signed: true, scale: 0, interval: { lo: -8n, hi: 7n } };

/** y = max(x, 0) over six values of four bits, with both edges committed; the input's is blinded. */
function reluCircuit(): CompiledCircuit {
  const tensor = { shape: [6], scale: 0, lo: -8, hi: 7 };
  const model: QuantisedModel = {
    inputs: ['x'],
    outputs: ['y'],
    tensors: new Map([
      ['x', tensor],
      ['y', { ...tensor, lo: 0 }],
    ]),
    nodes: [
      {
        name: 'relu',
        operation: { kind: 'requantise', shift: 0, bits: 3, rectify: true },
        inputs: ['x'],
        output: 'y',
      },
    ],
  };
  const port = (blinded: boolean): CircuitPort => ({
    lo: -8,
    hi: 7,
    binding: { scheme: 'poseidon2', domain: commitmentDomain(type, blinded), blinded },
  });
  return compileCircuit(model, { inputs: [port(true)], outputs: [port(false)] });
}

let directory: string;
let prover: Groth16Prover;
let keyed: KeyedCircuit;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-groth16-'));
  const cache = new ArtifactCache({ directory: join(directory, 'cache'), maxBytes: 1e9 });
  prover = createGroth16Prover({ worker: await builtWorker(), cache, directory });
  keyed = await prover.setup(reluCircuit());
}, buildTimeout);
afterAll(async () => {
  await prover.close();
  await rm(directory, { recursive: true });
});

describe('createGroth16Prover', () => {
  const input = Float64Array.of(-8, -1, 0, 1, 5, 7);
  const rectified = Float64Array.of(0, 0, 0, 1, 5, 7);
  const blinding = 12345n;

  it('proves both edges under their commitments and the context', async () => {
    const { proof, outputs } = await prover.prove(keyed, {
      inputs: [input],
      context: 9n,
      blindings: { inputs: [blinding] },
    });
    expect(outputs).toEqual([rectified]);
    expect(proof.publicInputs).toEqual([
      9n,
      commitmentElement(type, Array.from(input, BigInt), blinding),
      commitmentElement(type, Array.from(rectified, BigInt)),
    ]);
    const key = readVerifyingKey(keyed.artifacts.verifyingKey);
    expect(checkProof(key, proof.bytes, proof.publicInputs)).toBe(true);
    for (const index of [0, 1, 2]) {
      const changed = proof.publicInputs.map((value, i) => (i === index ? value + 1n : value));
      expect(checkProof(key, proof.bytes, changed)).toBe(false);
    }
  });

  it('makes keys once, and says that one party made them', async () => {
    const again = await prover.setup(reluCircuit());
    expect(again.key).toBe(keyed.key);
    expect(bytesToHex(again.artifacts.verifyingKey)).toBe(bytesToHex(keyed.artifacts.verifyingKey));
    expect(readSetupRecord(keyed.artifacts.setup).trust).toBe('development');
  });

  it('refuses values outside the edge before anything is proven', async () => {
    const outside = {
      inputs: [Float64Array.of(8, 0, 0, 0, 0, 0)],
      context: 0n,
      blindings: { inputs: [blinding] },
    };
    await expect(prover.prove(keyed, outside)).rejects.toMatchObject({ code: 'RANGE_EXCEEDED' });
  });
});
