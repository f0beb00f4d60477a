import { NobleBN254, RustBN254 } from '@ethereumjs/evm';
import { numberToBytesBE } from '@noble/curves/utils.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js';
import { initRustBN } from 'rustbn-wasm';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { type EvmVerifier, evmVerifiers } from '../../../../protocol/evm-verifiers.ts';
import { coordinateModulus, scalarModulus } from '../../../../protocol/field.ts';
import { pointOutsideSubgroup } from '../../../../tests/support/point-outside-subgroup.ts';
import { evmOpinion } from './evm-opinion.ts';
import { G1, G2, writeG1, writeG2 } from './points.ts';

test('a proof with more public values than a call may have arguments is answered, too', async () => {
  // A contract that stops at once, and so says yes to nothing.
  const code = Uint8Array.of(0);
  const known = [{ ...(evmVerifiers[0] as EvmVerifier), codeHash: bytesToHex(keccak_256(code)) }];
  const instances = 200_000;
  const vka = {
    words: new Uint8Array(32),
    k: 20,
    usableRows: 2 ** 20 - 6,
    instances,
    fixed: [],
    proofLength: 64,
    sG2: G2.BASE,
  };
  const proof = { publicInputs: Array<bigint>(instances).fill(0n), bytes: new Uint8Array(64) };
  expect(await evmOpinion(code, vka, proof, known)).toMatchObject({ verdict: 'invalid' });
});

describe('the curve in WASM answers as the one in JavaScript', () => {
  const word = (value: bigint) => numberToBytesBE(value, 32);
  const point = (x: bigint, y: bigint) => concatBytes(word(x), word(y));
  const p = coordinateModulus;
  const r = scalarModulus;
  const five = G1.BASE.multiply(5n);
  const { x, y } = five.toAffine();
  const [generator, zero] = [writeG2(G2.BASE), new Uint8Array(64)];

  const points: [string, Uint8Array][] = [
    ['a point', writeG1(five)],
    ['its negative', writeG1(five.negate())],
    ['zero', zero],
    ['a point off the curve', point(1n, 3n)],
    ['a coordinate of p', point(p, 2n)],
    ['an unreduced x', point(x + p, y)],
    ['an unreduced y', point(x, y + p)],
    ['the largest words', point(2n ** 256n - 1n, 2n ** 256n - 1n)],
  ];
  const scalars = [0n, 1n, 7n, r - 1n, r, r + 1n, p, 2n ** 256n - 1n];
  const pairs: [string, readonly Uint8Array[]][] = [
    ['nothing', []],
    ['a pair', [writeG1(five), generator]],
    ['a pair and its inverse', [writeG1(five), generator, writeG1(five.negate()), generator]],
    ['a point outside the subgroup', [writeG1(five), pointOutsideSubgroup()]],
    ['zero and a point outside the subgroup', [zero, pointOutsideSubgroup()]],
    ['zero in G2', [writeG1(five), zero, zero]],
    ['a point off the twist', [writeG1(five), point(1n, 1n), point(1n, 1n)]],
    ['an unreduced coordinate of G2', [writeG1(five), word(p), generator.subarray(32)]],
    ['a point off the curve', [point(1n, 3n), generator]],
  ];

  let wasm: RustBN254;
  const script = new NobleBN254();
  beforeAll(async () => {
    wasm = new RustBN254(await initRustBN());
  });
  /** What a precompile gives; one refuses by an error, the other by giving nothing. */
  const given = (act: () => Uint8Array): string => {
    try {
      return bytesToHex(act());
    } catch {
      return '';
    }
  };

  it.each(points)('%s, added and multiplied', (_, one) => {
    for (const [, other] of points) {
      const both = concatBytes(one, other);
      expect(given(() => wasm.add(both))).toBe(given(() => script.add(both)));
    }
    for (const scalar of scalars) {
      const input = concatBytes(one, word(scalar), new Uint8Array(32));
      expect(given(() => wasm.mul(input))).toBe(given(() => script.mul(input)));
    }
  });

  it.each(pairs)('%s, paired', (_, parts) => {
    const input = concatBytes(...parts);
    expect(given(() => wasm.pairing(input))).toBe(given(() => script.pairing(input)));
  });
});
