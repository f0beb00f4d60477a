import { expect, test } from 'vitest';
import type { Proof } from '../../protocol/certificate.ts';
import { toyVerifier } from '../../protocol/fixtures/toy-adapter.ts';
import { run, toyCertificate } from '../../protocol/fixtures/toy-certificate.ts';
import { bindCommitments } from './commitments.ts';

const one = toyCertificate(run([1n, 2n, 3n, 4n]));
const other = toyCertificate(run([5n, 6n, 7n, 8n]));
const { graph, circuits } = one.manifest;
const proofsOf = (certificate: typeof one) =>
  certificate.proofs.filter((proof): proof is Proof => proof !== null);

test('reads every block’s commitment out of the proofs', () => {
  expect(bindCommitments(graph, circuits, proofsOf(one), [toyVerifier()])).toEqual(one.commitments);
});

test.each([0, 1, 2, 3])('refuses proof %i of another run: its edges have other values', (at) => {
  const mixed = proofsOf(one).with(at, proofsOf(other)[at] as Proof);
  expect(() => bindCommitments(graph, circuits, mixed, [toyVerifier()])).toThrow(/binds other values of/);
});

test('refuses a segment without a proof', () => {
  expect(() => bindCommitments(graph, circuits, proofsOf(one).slice(0, 3), [toyVerifier()])).toThrow(
    /has no proof/,
  );
});
