import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { arbitrumDataFee, arbitrumDataGas, scrollDataFee } from './data-cost.ts';

const random = new Uint8Array(randomBytes(2_000));
const zeros = new Uint8Array(2_000);

describe('the data cost on Arbitrum', () => {
  it('is 16 gas a byte of what cannot be compressed, with little beside', () => {
    const gas = arbitrumDataGas(random);
    expect(gas % 16).toBe(0);
    expect(gas).toBeGreaterThanOrEqual(16 * random.length);
    expect(gas).toBeLessThan(16 * (random.length + 20));
  });

  it('is next to nothing for words that repeat', () => {
    expect(arbitrumDataGas(zeros)).toBeLessThan(16 * 40);
  });

  it('has the price of a unit of calldata', () => {
    expect(arbitrumDataFee(random, 7n)).toBe(7n * BigInt(arbitrumDataGas(random)));
  });
});

describe('the data cost on Scroll', () => {
  const unit = 1_000_000_000n;
  const prices = {
    l1BaseFee: 3n * unit,
    l1BlobBaseFee: 5n,
    execScalar: unit / 10n,
    blobScalar: 2n * unit,
    penaltyThreshold: 2n * unit,
    penaltyFactor: 3n * unit,
  };
  // 0.1 · 3 gwei + 2 · 5 wei
  const perByte = 300_000_010n;

  it('is a price for each byte of the transaction', () => {
    expect(scrollDataFee(new Uint8Array(2_110), zeros, prices)).toBe(2_110n * perByte);
  });

  it('is higher by the penalty where calldata compress worse than the threshold', () => {
    expect(scrollDataFee(new Uint8Array(2_110), random, prices)).toBe(3n * 2_110n * perByte);
    expect(scrollDataFee(random, random, { ...prices, penaltyThreshold: unit })).toBe(2_000n * perByte);
  });

  it('has no penalty for a transfer without calldata', () => {
    expect(scrollDataFee(new Uint8Array(110), new Uint8Array(), prices)).toBe(110n * perByte);
  });
});
