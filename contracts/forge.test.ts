import { describe, expect, it } from 'vitest';
import { forge } from './testing/forge.ts';

describe('the contracts', () => {
  it('are not said to pass when forge fails', async () => {
    expect((await forge(['test', '--no-such-option'])).status).not.toBe(0);
  });

  it('pass their own tests, invariants over 100,000 actions among them', async () => {
    const { status, output } = await forge(['test']);
    expect(status, output).toBe(0);
    const [, runs = '0', calls = '0'] =
      /invariant_fundsAndVerdicts\(\) \(runs: (\d+), calls: (\d+)/.exec(output) ?? [];
    expect(Number(runs)).toBeGreaterThan(0);
    // Ten actions a call.
    expect(Number(calls) * 10).toBeGreaterThanOrEqual(100_000);
  });
});
