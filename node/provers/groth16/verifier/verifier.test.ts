import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EdgeType } from '../../../../protocol/edge.ts';
import { coordinateModulus, scalarModulus, writeElements } from '../../../../protocol/field.ts';
import type { Circuit } from '../../../../protocol/manifest.ts';
import { pointOutsideSubgroup } from '../../../../tests/support/point-outside-subgroup.ts';
import { type SampleCircuit, type SampleProof, sampleCircuit } from '../testing/sample.ts';
import { createGroth16Verifier, groth16Adapter, readSetupRecord, writeSetupRecord } from './index.ts';
import { readG2 } from './points.ts';

const buildTimeout = 300_000;
const digest = 'ab'.repeat(32);

const port: EdgeType = {
  shape: [1],
  signed: false,
  scale: 0,
  interval: { lo: 0n, hi: 255n },
  scheme: { name: 'public' },
};
const circuit: Circuit = {
  prover: 'groth16',
  adapter: groth16Adapter,
  artifacts: {},
  inputs: [],
  outputs: [port],
  output: { kind: 'unique' },
};

let sample: SampleCircuit;
let proof: SampleProof;
beforeAll(async () => {
  sample = await sampleCircuit();
  proof = await sample.prove(0n, 6n, 7n);
}, buildTimeout);
afterAll(() => sample.close());

const artifactsOf = (verifyingKey: Uint8Array) => ({
  verifyingKey,
  setup: writeSetupRecord({ trust: 'development', constraints: digest }),
});

async function verdict({ bytes, publicInputs }: SampleProof, context = 0n): Promise<string> {
  const verifier = createGroth16Verifier();
  const [opinion] = await verifier.verify({
    circuit,
    artifacts: artifactsOf(sample.verifyingKey),
    proof: { bytes, publicInputs },
    srs: new Uint8Array(),
    context,
  });
  return opinion?.verdict ?? 'none';
}

/** Writes a word of 32 bytes over a copy. */
function withWord(bytes: Uint8Array, word: number, value: bigint): Uint8Array {
  const copy = bytes.slice();
  for (let i = 31, rest = value; i >= 0; i--, rest >>= 8n) copy[32 * word + i] = Number(rest & 0xffn);
  return copy;
}

const wordAt = (bytes: Uint8Array, word: number): bigint =>
  BigInt(`0x${Buffer.from(bytes.subarray(32 * word, 32 * word + 32)).toString('hex')}`);

describe('verify', () => {
  it('accepts what gnark accepts', async () => {
    expect(await sample.verify(proof)).toBe(true);
    expect(await verdict(proof)).toBe('valid');
    const zero = await sample.prove(0n, 0n, 7n);
    expect(await verdict(zero)).toBe('valid');
  });

  it('agrees with gnark on proofs with a byte changed', async () => {
    for (let at = 0; at < proof.bytes.length; at += 7) {
      const bytes = proof.bytes.slice();
      bytes[at] = (bytes[at] as number) ^ 1;
      const changed = { ...proof, bytes };
      expect(await sample.verify(changed)).toBe(false);
      expect(await verdict(changed)).toBe('invalid');
    }
  });

  it('agrees with gnark on changed public inputs', async () => {
    const [context, product] = proof.publicInputs as [bigint, bigint];
    for (const publicInputs of [
      [],
      [context],
      [context, product, 0n],
      [context, product + 1n],
      [context, product + scalarModulus],
      [context, 0n],
    ]) {
      expect(await sample.verify({ ...proof, publicInputs })).toBe(false);
      expect(await verdict({ ...proof, publicInputs })).toBe('invalid');
    }
  });

  it('refuses other encodings of the same proof, as gnark does', async () => {
    for (let word = 0; word < 8; word++) {
      const bytes = withWord(proof.bytes, word, wordAt(proof.bytes, word) + coordinateModulus);
      expect(await sample.verify({ ...proof, bytes })).toBe(false);
      expect(await verdict({ ...proof, bytes })).toBe('invalid');
    }
    for (const bytes of [proof.bytes.subarray(1), new Uint8Array([...proof.bytes, 0]), new Uint8Array()]) {
      expect(await sample.verify({ ...proof, bytes })).toBe(false);
      expect(await verdict({ ...proof, bytes })).toBe('invalid');
    }
  });

  it('refuses infinity and points outside the subgroup, as gnark does', async () => {
    const infinityAt = (word: number, count: number) =>
      Array.from({ length: count }).reduce<Uint8Array>(
        (bytes, _, i) => withWord(bytes, word + i, 0n),
        proof.bytes,
      );
    const outside = proof.bytes.slice();
    outside.set(pointOutsideSubgroup(), 64);
    for (const bytes of [
      infinityAt(0, 2),
      infinityAt(2, 4),
      infinityAt(6, 2),
      new Uint8Array(256),
      outside,
    ]) {
      expect(await sample.verify({ ...proof, bytes })).toBe(false);
      expect(await verdict({ ...proof, bytes })).toBe('invalid');
    }
    expect(() => readG2(pointOutsideSubgroup())).toThrow(/group of order r/);
  });

  it('holds a proof to its context', async () => {
    const bound = await sample.prove(5n, 6n, 7n);
    expect(await verdict(bound, 5n)).toBe('valid');
    expect(await verdict(bound)).toBe('invalid');
    const [, product] = bound.publicInputs as [bigint, bigint];
    expect(await verdict({ ...bound, publicInputs: [0n, product] })).toBe('invalid');
  });
});

describe('describe', () => {
  const describeWith = (artifacts: Record<string, Uint8Array>, ports = circuit) =>
    createGroth16Verifier().describe(ports, artifacts);

  it('says what the keys are worth', () => {
    const artifacts = artifactsOf(sample.verifyingKey);
    expect(describeWith(artifacts)).toMatchObject({ trust: 'development', weaknesses: [], srs: [] });
    const ceremony = writeSetupRecord({
      trust: 'ceremony',
      constraints: digest,
      transcript: digest,
      powersContributors: 2,
      circuitContributors: 3,
    });
    expect(describeWith({ ...artifacts, setup: ceremony }).trust).toBe('ceremony');
  });

  it('refuses keys of another shape, malformed keys and keys left out', () => {
    const artifacts = artifactsOf(sample.verifyingKey);
    expect(() => describeWith(artifacts, { ...circuit, inputs: [port] })).toThrow(/takes 2 public inputs/);
    expect(() => describeWith({ ...artifacts, verifyingKey: sample.verifyingKey.subarray(64) })).toThrow();
    expect(() => describeWith({ ...artifacts, verifyingKey: sample.verifyingKey.subarray(1) })).toThrow(
      /bytes/,
    );
    expect(() => describeWith({ ...artifacts, verifyingKey: withWord(sample.verifyingKey, 16, 3n) })).toThrow(
      /group of order r/,
    );
    expect(() => describeWith({ setup: artifacts.setup })).toThrow(/verifyingKey/);
  });
});

describe('boundary', () => {
  it('cuts the public inputs into ports', () => {
    const { outputs } = createGroth16Verifier().boundary(circuit, proof);
    expect(outputs).toEqual([writeElements([42n])]);
    const short = { ...proof, publicInputs: proof.publicInputs.slice(1) };
    expect(() => createGroth16Verifier().boundary(circuit, short)).toThrow(/public inputs/);
  });

  it('refuses ports that the proof system has none of', () => {
    const kzg = { ...port, scheme: { name: 'kzg', srs: digest, k: 10, usableRows: 1000 } } as const;
    expect(() => createGroth16Verifier().boundary({ ...circuit, outputs: [kzg] }, proof)).toThrow(/kzg/);
  });
});

describe('readSetupRecord', () => {
  it('takes one encoding only', () => {
    const text = (value: string) => new TextEncoder().encode(value);
    const record = `{"trust":"development","constraints":"${digest}"}`;
    expect(readSetupRecord(text(record))).toEqual({ trust: 'development', constraints: digest });
    for (const other of [
      ` ${record}`,
      `\ufeff${record}`,
      `{"constraints":"${digest}","trust":"development"}`,
      `{"trust":"development","constraints":"${digest.toUpperCase()}"}`,
      `{"trust":"ceremony","constraints":"${digest}"}`,
      `{"trust":"public","constraints":"${digest}"}`,
      'null',
      '',
    ]) {
      expect(() => readSetupRecord(text(other))).toThrow(/malformed/);
    }
  });
});
