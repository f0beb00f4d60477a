import { describe, expect, it } from 'vitest';
import type { Certificate } from '../protocol/certificate.ts';
import { decodeCertificate, encodeCertificate } from '../protocol/certificate-codec.ts';
import { checkCertificate } from '../protocol/check.ts';
import type { EdgeType } from '../protocol/edge.ts';
import {
  srs,
  srsData,
  toyCommit,
  toyProve,
  toySrsFile,
  toyVerifier,
} from '../protocol/fixtures/toy-adapter.ts';
import {
  circuits,
  committed,
  run,
  toyCertificate,
  toyCircuit,
} from '../protocol/fixtures/toy-certificate.ts';
import { sha256Hex } from '../protocol/ids.ts';

const values = run([1n, -2n, 3n, 4n]);
const honest = toyCertificate(values);
const [, , add] = circuits;

/** The toy certificate with its output committed in columns of this type, and stated. */
function withOutput(type: EdgeType): Certificate {
  const toy = toyCircuit('add', add.circuit.inputs, [type]);
  const file = toySrsFile(13, srsData);
  const artifacts = new Map(honest.artifacts);
  artifacts.delete(add.circuit.artifacts.verifyingKey ?? '');
  for (const bytes of [toy.key, file]) artifacts.set(sha256Hex(bytes), bytes);
  const { manifest } = honest;
  const edge = { name: 'y', type, blocks: [{ start: [0], size: type.shape }] };
  return {
    ...honest,
    manifest: {
      ...manifest,
      graph: { ...manifest.graph, edges: manifest.graph.edges.with(4, edge) },
      circuits: manifest.circuits.with(2, toy.circuit),
    },
    artifacts,
    srsFiles: new Map([[srs, sha256Hex(file)]]),
    commitments: honest.commitments.with(4, [toyCommit(type, values.y)]),
    proofs: honest.proofs.with(3, toyProve(toy.circuit, toy.key, [values.p, values.q, values.y])),
  };
}

/** The check's outcome, and how many commitments it computed anew. */
async function checked(certificate: Certificate) {
  const toy = toyVerifier();
  let commitments = 0;
  const verifier = {
    ...toy,
    kzg: {
      ...toy.kzg,
      commit: (...args: Parameters<typeof toy.kzg.commit>) => {
        commitments += 1;
        return toy.kzg.commit(...args);
      },
    },
  };
  const report = await checkCertificate(decodeCertificate(encodeCertificate(certificate)), {
    verifiers: [verifier],
    allowDevelopment: true,
  });
  return { valid: report.valid, codes: new Set(report.problems.map(({ code }) => code)), commitments };
}

describe('a certificate whose columns are nearly all unusable, to make the reader commit to them for days', () => {
  const column = (usableRows: number) => committed([2], { scheme: { name: 'kzg', srs, k: 13, usableRows } });

  it('is refused before anything is committed to', async () => {
    const { valid, codes, commitments } = await checked(withOutput(column(1)));
    expect(valid).toBe(false);
    expect(codes).toContain('TYPE_INVALID');
    expect(commitments).toBe(0);
  });

  it('differs in that alone from one that is valid', async () => {
    expect(await checked(withOutput(column(8186)))).toEqual({
      valid: true,
      codes: new Set(),
      commitments: 1,
    });
  });
});

it('a circuit cannot be passed off as another prover’s', async () => {
  const { manifest } = honest;
  const passedOff = manifest.circuits.map((circuit) => ({ ...circuit, prover: 'groth16' }));
  const { valid, codes } = await checked({ ...honest, manifest: { ...manifest, circuits: passedOff } });
  expect(valid).toBe(false);
  expect(codes).toEqual(new Set(['KEY_MISMATCH']));
});
