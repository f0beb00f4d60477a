import { createEzklVerifier, type EzklEngine } from '../node/provers/ezkl/verifier/index.ts';
import { createGroth16Verifier } from '../node/provers/groth16/verifier/index.ts';
import type { Certificate } from '../protocol/certificate.ts';
import { decodeCertificate } from '../protocol/certificate-codec.ts';
import { type CheckOptions, checkCertificate } from '../protocol/check.ts';
import { dequantise } from '../protocol/quantise.ts';
import type { Report } from '../protocol/report.ts';

export interface VerifyCertificateOptions extends Omit<CheckOptions, 'verifiers'> {
  /**
   * Runs `@ezkljs/engine` as a second opinion on ezkl's proofs, away from the caller's own memory: a hostile proof can
   * make it panic or loop. The package declares no licence, so whoever wants it brings it; without it the report says
   * `unavailable`, and the verdict is that of ezkl's Solidity verifier in an EVM in JavaScript.
   */
  engine?: EzklEngine;
}

export interface Verification {
  report: Report;
  /** What the report is about. */
  certificate: Certificate;
  /**
   * The proven tensors by name: the stated integers at their edge's scale, row-major. Those that stay commitments are
   * left out, and all are where the report is not sound.
   */
  inputs: ReadonlyMap<string, Float64Array>;
  outputs: ReadonlyMap<string, Float64Array>;
}

/**
 * Checks everything that a certificate must satisfy: see `checkCertificate`.
 *
 * @param bytes the certificate's file; may be hostile
 * @throws TesseraError `CERTIFICATE_DAMAGED` or `ENCODING_INVALID` for bytes that are no certificate, `ABORTED`
 */
export async function verifyCertificate(
  bytes: Uint8Array,
  options: VerifyCertificateOptions = {},
): Promise<Verification> {
  const { engine, ...check } = options;
  const certificate = decodeCertificate(bytes);
  const report = await checkCertificate(certificate, {
    ...check,
    verifiers: [createEzklVerifier(engine === undefined ? {} : { engine }), createGroth16Verifier()],
  });
  const { inputs, outputs } = certificate.manifest.graph;
  return {
    report,
    certificate,
    inputs: report.sound ? statedTensors(certificate, inputs) : new Map(),
    outputs: report.sound ? statedTensors(certificate, outputs) : new Map(),
  };
}

function statedTensors(
  { manifest, statements }: Certificate,
  edges: readonly number[],
): ReadonlyMap<string, Float64Array> {
  const wanted = new Set(edges);
  return new Map(
    statements.flatMap(({ edge: index, values }) => {
      const edge = manifest.graph.edges[index];
      return edge !== undefined && wanted.has(index)
        ? [[edge.name, dequantise(values, edge.type.scale)] as const]
        : [];
    }),
  );
}
