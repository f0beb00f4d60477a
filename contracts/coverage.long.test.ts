import { describe, expect, it } from 'vitest';
import { forge } from './testing/forge.ts';

/** Least share of lines that forge's tests must run, in percent. */
const least = 95;

describe('the contracts', () => {
  it('have at least 95 % of their lines run by forge’s own tests', async () => {
    // EzklVerifier needs real keys: market.test.ts runs it on anvil.
    const excluded = '(contracts/test/|contracts/testing/|EzklVerifier|Groth16Verifier)';
    const args = ['coverage', '--no-match-test', 'invariant_', '--no-match-coverage', excluded];
    const { status, output } = await forge(args);
    expect(status, output).toBe(0);
    const [, share] = /\| Total +\| ([\d.]+)%/.exec(output) ?? [];
    console.log(output.slice(output.indexOf('| File')));
    expect(Number(share)).toBeGreaterThanOrEqual(least);
  });
});
