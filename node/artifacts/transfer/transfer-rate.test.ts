import { expect, it } from 'vitest';
import { TransferRate } from './transfer-rate.ts';

it('assumes 100 Mbit/s before anything came', () => {
  expect(new TransferRate().bytesPerSecond).toBe(12.5e6);
});

it('follows what comes, large downloads most', () => {
  const rate = new TransferRate();
  rate.note(200e6, 2);
  expect(rate.bytesPerSecond).toBeGreaterThan(90e6);
  for (let i = 0; i < 3; i++) rate.note(36, 0.05);
  const afterSmall = rate.bytesPerSecond;
  expect(afterSmall).toBeGreaterThan(60e6);
  for (let i = 0; i < 10; i++) rate.note(10e6, 1);
  expect(rate.bytesPerSecond).toBeCloseTo(10e6, -6);
});

it('learns nothing from what was here already', () => {
  const rate = new TransferRate();
  rate.note(0, 30);
  expect(rate.bytesPerSecond).toBe(12.5e6);
});
