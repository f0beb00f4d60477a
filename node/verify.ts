import { readFile, stat } from 'node:fs/promises';
import type { Certificate } from '../protocol/certificate.ts';
import { decodeCertificate } from '../protocol/certificate-codec.ts';
import type { SrsSource } from '../protocol/check/statements.ts';
import { checkCertificate, type Expectation } from '../protocol/check.ts';
import { TesseraError } from '../protocol/errors.ts';
import { limits } from '../protocol/limits.ts';
import type { Report } from '../protocol/report.ts';
import type { ProofVerifier } from '../protocol/verifier.ts';
import type { RunOptions } from './progress.ts';

export interface VerifyOptions extends RunOptions {
  /** Path of the certificate. */
  certificate: string;
  allowDevelopment?: boolean;
  expect?: Expectation;
}

export interface VerifyModules {
  verifiers: readonly ProofVerifier[];
  /** Where an SRS file is found, for tensors on committed edges that are stated or expected. */
  srs?: SrsSource;
}

/**
 * Reads a certificate and checks everything it must satisfy. Touches no network and needs no prover.
 *
 * @returns the report and the certificate it is about
 * @throws TesseraError `STORAGE_FAILED`, `CERTIFICATE_DAMAGED`, `ENCODING_INVALID`, `ABORTED`
 */
export async function verify(
  options: VerifyOptions,
  modules: VerifyModules,
): Promise<{ report: Report; certificate: Certificate }> {
  const certificate = decodeCertificate(await readBounded(options.certificate));
  const report = await checkCertificate(certificate, {
    verifiers: modules.verifiers,
    expect: options.expect ?? {},
    allowDevelopment: options.allowDevelopment ?? false,
    ...(modules.srs ? { srs: modules.srs } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
    onProgress: ({ done, total }) => options.onProgress?.({ type: 'stage', stage: 'verify', done, total }),
  });
  return { report, certificate };
}

async function readBounded(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > limits.certificateBytes) {
      throw new TesseraError('CERTIFICATE_DAMAGED', {
        message: `${path} has ${size} bytes, more than a certificate may have`,
        details: { limit: limits.certificateBytes },
      });
    }
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof TesseraError) throw cause;
    throw new TesseraError('STORAGE_FAILED', {
      message: `${path} cannot be read`,
      remedy: 'Check the path and its permissions.',
      cause,
    });
  }
}
