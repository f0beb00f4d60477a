import { keccak_256 } from '@noble/hashes/sha3.js';
import { type Abi, bytesToHex, encodeFunctionData, type Hex } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type SampleCircuit,
  type SampleProof,
  sampleCircuit,
} from '../node/provers/groth16/testing/sample.ts';
import { coordinateModulus, scalarModulus } from '../protocol/field.ts';
import { compile } from './compile.ts';
import { type Anvil, type AnvilClient, startAnvil } from './testing/anvil.ts';

let anvil: Anvil;
let client: AnvilClient;
let abi: Abi;
let address: Hex;
let sample: SampleCircuit;
let proof: SampleProof;

beforeAll(async () => {
  anvil = await startAnvil();
  client = anvil.client(0);
  const { Groth16Verifier } = compile(['Groth16Verifier']).contracts;
  abi = Groth16Verifier.abi;
  const deployment = await anvil.deploy(Groth16Verifier);
  address = deployment.address;
  console.log(
    `Groth16Verifier: deployment ${deployment.gas} gas, ${(Groth16Verifier.bytecode.length - 2) / 2} bytes`,
  );
  sample = await sampleCircuit();
  proof = await sample.prove(1n, 6n, 7n);
});

afterAll(async () => {
  await sample?.close();
  anvil?.close();
});

interface Call {
  key?: Uint8Array;
  digest?: Uint8Array;
  bytes?: Uint8Array;
  publicInputs?: readonly bigint[];
}

const argumentsOf = ({ key = sample.verifyingKey, digest = keccak_256(key), bytes, publicInputs }: Call) =>
  [
    bytesToHex(digest),
    bytesToHex(key),
    bytesToHex(bytes ?? proof.bytes),
    publicInputs ?? proof.publicInputs,
  ] as const;

const enoughGas = 5_000_000n;

/** The contract's verdict, or `reverted`. */
async function verdict(call: Call, gas: bigint): Promise<boolean | 'reverted'> {
  const data = encodeFunctionData({ abi, functionName: 'verify', args: argumentsOf(call) });
  try {
    const { data: result = '0x' } = await client.call({ to: address, data, gas });
    return BigInt(result) === 1n;
  } catch {
    return 'reverted';
  }
}

const accepts = (call: Call) => verdict(call, enoughGas);

function withWord(bytes: Uint8Array, word: number, value: bigint): Uint8Array {
  const copy = bytes.slice();
  for (let i = 31, rest = value; i >= 0; i--, rest >>= 8n) copy[32 * word + i] = Number(rest & 0xffn);
  return copy;
}

const wordAt = (bytes: Uint8Array, word: number): bigint =>
  BigInt(bytesToHex(bytes.subarray(32 * word, 32 * word + 32)));

describe('Groth16Verifier', () => {
  it('accepts real proofs within 350,000 gas', async () => {
    expect(await accepts({})).toBe(true);
    expect(await accepts(await sample.prove(0n, 0n, 3n))).toBe(true);
    const hash = await client.writeContract({ address, abi, functionName: 'verify', args: argumentsOf({}) });
    const { gasUsed: gas } = await client.waitForTransactionReceipt({ hash });
    console.log(`Groth16Verifier: one proof with ${proof.publicInputs.length} public inputs, ${gas} gas`);
    expect(gas).toBeLessThan(350_000n);
  });

  it('gives no verdict on a good proof for want of gas', async () => {
    const verdicts = new Set<boolean | 'reverted'>();
    for (let gas = 60_000n; gas < 300_000n; gas += 2_000n) verdicts.add(await verdict({}, gas));
    expect(verdicts).toEqual(new Set(['reverted', true]));
  });

  it('refuses changed proofs', async () => {
    for (let at = 0; at < proof.bytes.length; at += 11) {
      const bytes = proof.bytes.slice();
      bytes[at] = (bytes[at] as number) ^ 1;
      expect(await accepts({ bytes }), `byte ${at}`).toBe(false);
    }
  });

  it('refuses other encodings of the same proof', async () => {
    for (let word = 0; word < 8; word++) {
      const bytes = withWord(proof.bytes, word, wordAt(proof.bytes, word) + coordinateModulus);
      expect(await accepts({ bytes }), `word ${word}`).toBe(false);
    }
    expect(await accepts({ bytes: new Uint8Array([...proof.bytes, 0]) })).toBe(false);
    expect(await accepts({ bytes: proof.bytes.subarray(0, 255) })).toBe(false);
    expect(await accepts({ bytes: new Uint8Array() })).toBe(false);
  });

  it('refuses infinity', async () => {
    const zeroed = (word: number, count: number) =>
      Array.from({ length: count }).reduce<Uint8Array>(
        (bytes, _, i) => withWord(bytes, word + i, 0n),
        proof.bytes,
      );
    for (const bytes of [zeroed(0, 2), zeroed(2, 4), zeroed(6, 2), new Uint8Array(256)]) {
      expect(await accepts({ bytes })).toBe(false);
    }
  });

  it('refuses other public inputs', async () => {
    const [context, product] = proof.publicInputs as [bigint, bigint];
    for (const publicInputs of [
      [],
      [context],
      [context, product, 0n],
      [context, product + 1n],
      [context + 1n, product],
      [context, product + scalarModulus],
      [context, 2n ** 256n - 1n],
    ]) {
      expect(await accepts({ publicInputs }), publicInputs.join()).toBe(false);
    }
  });

  it('refuses keys without the pinned digest, and malformed keys with it', async () => {
    const other = withWord(sample.verifyingKey, 0, 1n);
    expect(await accepts({ key: other, digest: keccak_256(sample.verifyingKey) })).toBe(false);
    expect(await accepts({ key: other })).toBe(false);
    expect(await accepts({ key: sample.verifyingKey.subarray(0, 448) })).toBe(false);
    expect(await accepts({ key: new Uint8Array() })).toBe(false);
    for (const word of [0, 2, 6, 10, 14, 16]) {
      const size = word >= 2 && word < 14 ? 4 : 2;
      const key = Array.from({ length: size }).reduce<Uint8Array>(
        (bytes, _, i) => withWord(bytes, word + i, 0n),
        sample.verifyingKey,
      );
      expect(await accepts({ key }), `infinity at word ${word}`).toBe(false);
    }
  });
});
