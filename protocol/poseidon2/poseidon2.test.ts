import { bytesToHex } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CommittedType,
  commit,
  commitmentDomain,
  FIELD_ORDER,
  pack,
  packing,
  permute,
  type State,
  sponge,
} from './index.ts';

const hex = (values: readonly bigint[]) => values.map((value) => value.toString(16));

describe('permute', () => {
  // Published with the reference instances of the Poseidon2 paper; Barretenberg's tests carry the same.
  it('agrees with the published vector', () => {
    expect(hex(permute([0n, 1n, 2n, 3n]))).toEqual([
      '1bd538c2ee014ed5141b29e9ae240bf8db3fe5b9a38629a9647cf8d76c01737',
      '239b62e7db98aa3a2a8f6a0d2fa1709e7a35959aa6c7034814d9daa90cbac662',
      '4cbb44c61d928ed06808456bf758cbf0c18d1e15a7b6dbc8245fa7515d5e3cb',
      '2e11c5cff2a22c64d01304b778d78f6998eff1ab73163a35603f54794c30847a',
    ]);
  });

  it('agrees with the vector of this specification at the largest elements', () => {
    const largest = FIELD_ORDER - 1n;
    expect(hex(permute([largest, largest, largest, largest]))).toEqual([
      '1b18e6ca21a1e9b15d65f0b5861ede5ff20db8fa3722531823d0c817d69d945d',
      'afb50ea6867b1cb2d9d1eac935af746bc7a780e181a1e6ae9b768c9cba68878',
      'a521a22ca614e65b877d0676652fb60e90a11b462f9846a08e811d95272a9d8',
      '2369f077784e0aea99ee3dc6b7b01612af7f80d7f08b755f9f116e2885ee367f',
    ]);
  });

  it('depends on residues only', () => {
    const state: State = [1n, 2n, 3n, 4n];
    const shifted = state.map((x) => x + FIELD_ORDER) as unknown as State;
    expect(permute(shifted)).toEqual(permute(state));
  });
});

describe('sponge', () => {
  it('agrees with the vectors of this specification', () => {
    expect(sponge(7n, [1n, 2n, 3n, 4n]).toString(16)).toBe(
      '253cffebca59e19bca1ad5413b8d907d163f0b9f55c488e40025fa5c1319265d',
    );
    expect(sponge(7n, []).toString(16)).toBe(
      '2e993d9dc9a2d76e03dfb0ac90a523715e1451271baa05b6a8266d43b0f93ee0',
    );
  });
});

describe('packing', () => {
  it('fills an element without wrapping around', () => {
    expect(packing({ lo: -32768n, hi: 32767n })).toEqual({ bits: 16, perElement: 15 });
    expect(packing({ lo: 5n, hi: 5n })).toEqual({ bits: 1, perElement: 253 });
    expect(packing({ lo: 0n, hi: (1n << 253n) - 1n })).toEqual({ bits: 253, perElement: 1 });
    expect(() => packing({ lo: 0n, hi: 1n << 253n })).toThrow(/does not fit/);
    expect(() => packing({ lo: 1n, hi: 0n })).toThrow(/empty/);
  });

  it('can be undone for every list of values in the interval', () => {
    const interval = { lo: -1000n, hi: 2345n };
    const { bits, perElement } = packing(interval);
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -1000n, max: 2345n }), { maxLength: 60 }), (values) => {
        const elements = pack(values, interval);
        const unpacked = values.map(
          (_, i) =>
            (((elements[Math.floor(i / perElement)] ?? 0n) >> BigInt(bits * (i % perElement))) &
              ((1n << BigInt(bits)) - 1n)) +
            interval.lo,
        );
        expect(unpacked).toEqual(values);
        expect(elements.every((element) => element < FIELD_ORDER)).toBe(true);
      }),
    );
  });

  it('refuses values that would borrow from their neighbours', () => {
    expect(() => pack([0n, -1n], { lo: 0n, hi: 255n })).toThrow(/index 1/);
    expect(() => pack([256n], { lo: 0n, hi: 255n })).toThrow(/outside/);
    // Fits the bits of the interval, but not the interval.
    expect(() => pack([6n], { lo: 0n, hi: 5n })).toThrow(/outside/);
  });
});

describe('commit', () => {
  const type: CommittedType = {
    shape: [2, 3],
    signed: true,
    scale: 7,
    interval: { lo: -32768n, hi: 32767n },
  };
  const values = [-32768n, -1n, 0n, 1n, 127n, 32767n];

  it('agrees with the vectors of this specification', () => {
    expect(commitmentDomain(type, false).toString(16)).toBe(
      '500b084982c56ab2c9eb318dfa358decf7eaf3fc411881f377ab3851eb4f33',
    );
    expect(bytesToHex(commit(type, values))).toBe(
      '0ec71a738dccc8eecb88ae6ad801477cf613fb2e61ee014d0726762ac47e0b56',
    );
    expect(bytesToHex(commit(type, values, 5n))).toBe(
      '0f45047f15168ea33fa3c2e174af43c941f979342b1f5e767fedf39708ec3e6f',
    );
    const bytes: CommittedType = { shape: [50], signed: false, scale: 0, interval: { lo: 0n, hi: 255n } };
    expect(
      bytesToHex(
        commit(
          bytes,
          Array.from({ length: 50 }, (_, i) => BigInt(i)),
        ),
      ),
    ).toBe('161ef32087c94631013b1851a032bce383bde07dc8e7d04ec11f645f29a2dcd4');
  });

  it('separates equal values by every part of the type, and by blinding', () => {
    const variants: CommittedType[] = [
      type,
      { ...type, shape: [3, 2] },
      { ...type, shape: [6] },
      { ...type, signed: false },
      { ...type, scale: 8 },
      { ...type, interval: { lo: -32768n, hi: 32768n } },
    ];
    const digests = [
      ...variants.map((variant) => bytesToHex(commit(variant, values))),
      ...[0n, 1n].map((blinding) => bytesToHex(commit(type, values, blinding))),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('refuses a wrong number of values and an unreduced blinding', () => {
    expect(() => commit(type, values.slice(1))).toThrow(/has 6 values, not 5/);
    expect(() => commit(type, values, FIELD_ORDER)).toThrow(/blinding/);
    expect(() => commit(type, values, -1n)).toThrow(/blinding/);
  });
});
