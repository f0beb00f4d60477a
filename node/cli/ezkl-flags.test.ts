import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { noteUnfollowed, requireFollowed } from './ezkl-flags.ts';
import { Output } from './output.ts';

const flags = { scale: 8, srs: 'kzg14.srs' };

/** What is said of flags for circuits of these provers. */
function noted(given: Parameters<typeof noteUnfollowed>[1], provers: readonly string[]): string {
  const stderr = new PassThrough();
  noteUnfollowed(new Output({ stdout: new PassThrough(), stderr, json: true }), given, provers);
  return String(stderr.read() ?? '');
}

test('flags of ezkl are refused with a prover that follows none, and with no other', () => {
  expect(() => requireFollowed(flags, 'groth16')).toThrow(
    expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('--scale and --srs') }),
  );
  for (const prover of ['auto', 'ezkl']) requireFollowed(flags, prover);
  requireFollowed({}, 'groth16');
});

test('flags that changed nothing are noted, and those that did are not', () => {
  expect(noted(flags, ['groth16', 'groth16'])).toMatch(/^--scale and --srs changed nothing/);
  expect(noted({ scale: 8 }, ['groth16'])).toMatch(/^--scale changed nothing/);
  expect(noted(flags, ['groth16', 'ezkl'])).toBe('');
  expect(noted({}, ['groth16'])).toBe('');
});
