import { bytesToHex } from '@noble/hashes/utils.js';
import { type Abi, type Hex, keccak256, toHex } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { circuits, run, toyCertificate } from '../protocol/fixtures/toy-certificate.ts';
import { circuitLeaf, modelId } from '../protocol/ids.ts';
import { merkleRoot } from '../protocol/merkle.ts';
import vectors from '../protocol/vectors/vectors.json' with { type: 'json' };
import { compile } from './compile.ts';
import { circuitArgument, modelArgument, wiringArgument } from './model-arguments.ts';
import { type Anvil, type AnvilClient, startAnvil } from './testing/anvil.ts';

const certificate = toyCertificate(run([1n, -2n, 3n, 4n]));
const { manifest } = certificate;
const hex = (word: string): Hex => `0x${word}`;

let anvil: Anvil;
let client: AnvilClient;
let abi: Abi;
let registry: Hex;
let verifier: Hex;

beforeAll(async () => {
  anvil = await startAnvil();
  client = anvil.client(0);
  const compiled = compile(['ModelRegistry', 'testing/ToyVerifier']).contracts;
  abi = compiled.ModelRegistry.abi;
  const srs = hex(manifest.srs[0] as string);
  const toy = await anvil.deploy(compiled['testing/ToyVerifier'], ['toy/1', srs, false]);
  verifier = toy.address;
  registry = (await anvil.deploy(compiled.ModelRegistry, [[verifier]])).address;
});

afterAll(() => anvil?.close());

const read = (functionName: string, args: readonly unknown[]) =>
  client.readContract({ address: registry, abi, functionName, args });

async function send(functionName: string, args: readonly unknown[], account = 0) {
  const from = anvil.client(account);
  const hash = await from.writeContract({ address: registry, abi, functionName, args, chain: from.chain });
  return await from.waitForTransactionReceipt({ hash });
}

describe('ModelRegistry', () => {
  it('computes the ids of the test vectors', async () => {
    for (const [i, circuit] of manifest.circuits.entries()) {
      expect(await read('circuitLeaf', [circuitArgument(circuit)])).toBe(hex(vectors.circuits[i] as string));
    }
    expect(await read('modelId', [modelArgument(manifest)])).toBe(hex(vectors.manifest.modelId));
  });

  it('registers a model in one transaction a circuit and a last one, and again without effect', async () => {
    await expect(read('modelOf', [hex(modelId(manifest))])).rejects.toThrow(/ModelUnknown/);
    await expect(send('registerModel', [modelArgument(manifest)])).rejects.toThrow(/CircuitUnknown/);
    for (const [i, { circuit, key }] of circuits.entries()) {
      const args = [circuitArgument(circuit), verifier, [], toHex(key)];
      expect((await send('registerCircuit', args)).logs).toHaveLength(1);
      expect((await send('registerCircuit', args, i + 1)).logs).toHaveLength(0);
      expect(await read('verifyingData', [toHex(circuitLeaf(circuit))])).toBe(toHex(key));
    }
    expect(await read('isRegistered', [hex(modelId(manifest))])).toBe(false);
    expect((await send('registerModel', [modelArgument(manifest)], 5)).logs).toHaveLength(1);
    expect((await send('registerModel', [modelArgument(manifest)])).logs).toHaveLength(0);
    expect(await read('modelOf', [hex(modelId(manifest))])).toMatchObject({
      circuits: hex(vectors.circuitsRoot),
      wiring: hex(vectors.wiringRoot),
      circuitCount: 3n,
      segmentCount: 4n,
    });
  });

  it('verifies every segment of the certificate, and tells what its proof binds', async () => {
    for (const [index, proof] of certificate.proofs.entries()) {
      if (proof === null) throw new Error('the toy certificate has every proof');
      const segment = manifest.graph.segments[index];
      const blocks = [...(segment?.inputs ?? []), ...(segment?.outputs ?? [])];
      const bound = await read('verifySegment', [
        hex(modelId(manifest)),
        BigInt(index),
        wiringArgument(manifest, index),
        { publicInputs: proof.publicInputs, data: toHex(proof.bytes) },
        0n,
      ]);
      expect(bound).toEqual(
        blocks.map(({ edge, block }) => keccak256(certificate.commitments[edge]?.[block] as Uint8Array)),
      );
    }
  });

  it('keeps long verifying data in pieces', async () => {
    const data = new Uint8Array(60_000).map((_, i) => i % 251);
    const pieces = [data.subarray(0, 24_575), data.subarray(24_575, 49_150)];
    const [{ circuit }] = circuits;
    const digest = bytesToHex(new Uint8Array(await crypto.subtle.digest('SHA-256', data)));
    const long = { ...circuit, artifacts: { verifyingKey: digest } };
    for (const piece of pieces) await send('storeChunk', [toHex(piece)], 1);
    const args = [
      circuitArgument(long),
      verifier,
      pieces.map((piece) => keccak256(piece)),
      toHex(data.subarray(49_150)),
    ];
    await send('registerCircuit', args, 2);
    expect(await read('verifyingData', [toHex(circuitLeaf(long))])).toBe(toHex(data));
    expect(await read('circuitOf', [toHex(circuitLeaf(long))])).toMatchObject({ keyDigest: keccak256(data) });
  });

  it('agrees on roots of any number of leaves', async () => {
    for (const count of [1, 2, 3, 5, 8, 13]) {
      const leaves = Array.from({ length: count }, (_, i) =>
        circuitLeaf({ ...circuits[0].circuit, adapter: `${i}` }),
      );
      const description = { ...modelArgument(manifest), circuits: leaves.map((leaf) => toHex(leaf)) };
      const words = [
        keccak256(toHex('tessera/model/1')),
        description.manifest,
        toHex(count, { size: 32 }),
        toHex(merkleRoot(leaves)),
        toHex(4, { size: 32 }),
        description.wiring,
        keccak256(toHex(0, { size: 32 })),
        keccak256(toHex(4, { size: 32 })),
        toHex(1, { size: 32 }),
        keccak256(description.srs[0] as Hex),
      ];
      const expected = keccak256(`0x${words.map((item) => item.slice(2)).join('')}`);
      expect(await read('modelId', [description])).toBe(expected);
    }
  });
});
