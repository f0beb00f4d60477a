import { existsSync } from 'node:fs';
import type { Certificate } from '../protocol/certificate.ts';
import { checkCertificate, type Expectation } from '../protocol/check.ts';
import { TesseraError } from '../protocol/errors.ts';
import type { Report } from '../protocol/report.ts';
import type { ProofVerifier } from '../protocol/verifier.ts';
import { readCertificate, readCertificateFile } from './files/certificate-file.ts';
import { readOpening } from './files/opening-file.ts';
import { digestFiles, readModel } from './model/onnx/index.ts';
import { doublesOf } from './model/tensor-data.ts';
import { readInputs, type TensorFileSource } from './model/tensor-file.ts';
import type { RunOptions } from './progress.ts';

/** What whoever checks knows from elsewhere. */
export interface Expected {
  /** modelId in hexadecimal, or the path of the ONNX file. */
  model?: string;
  input?: TensorFileSource;
  output?: TensorFileSource;
}

export interface VerifyOptions extends RunOptions {
  /** Path of the certificate. */
  certificate: string;
  allowDevelopment?: boolean;
  expect?: Expected;
  /** Path of what opens blinded edges that are expected, as `prove` wrote it. */
  opening?: string;
  /** Path of an SRS file, for committed tensors that are expected where the certificate does not carry it. */
  srs?: string;
}

export interface VerifyModules {
  verifiers: readonly ProofVerifier[];
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
  const certificate = await readCertificate(options.certificate);
  const { srs } = options;
  // Once: a certificate may ask for it under many ids.
  let srsFile: Promise<Uint8Array> | undefined;
  const readSrs = (path: string) => {
    srsFile ??= readCertificateFile(path, 'The SRS');
    return srsFile;
  };
  const report = await checkCertificate(certificate, {
    verifiers: modules.verifiers,
    expect: await readExpected(options.expect ?? {}, certificate),
    allowDevelopment: options.allowDevelopment ?? false,
    ...(options.opening === undefined ? {} : { blindings: await readOpening(options.opening) }),
    ...(srs === undefined ? {} : { srs: () => readSrs(srs) }),
    ...(options.signal ? { signal: options.signal } : {}),
    onProgress: ({ done, total }) => options.onProgress?.({ type: 'stage', stage: 'verify', done, total }),
  });
  return { report, certificate };
}

async function readExpected(
  { model, input, output }: Expected,
  { manifest: { graph } }: Certificate,
): Promise<Expectation> {
  const tensors = async (
    file: TensorFileSource,
    kind: 'input' | 'output',
    edges: readonly number[],
    element: 'float32' | 'float64',
  ) => {
    const named = edges.flatMap((index) => graph.edges[index] ?? []);
    const types = new Map(named.map(({ name, type }) => [name, { element, shape: type.shape }]));
    const read = await readInputs(file, { inputs: named.map(({ name }) => name), types, kind });
    return Object.fromEntries([...read].map(([name, tensor]) => [name, doublesOf(tensor)]));
  };
  return {
    ...(model === undefined ? {} : await expectedModel(model)),
    // Models take single precision, so that is what inputs were before they became integers.
    ...(input === undefined ? {} : { inputs: await tensors(input, 'input', graph.inputs, 'float32') }),
    ...(output === undefined ? {} : { outputs: await tensors(output, 'output', graph.outputs, 'float64') }),
  };
}

async function expectedModel(model: string): Promise<Expectation> {
  const id = model.toLowerCase().replace(/^0x/, '');
  if (/^[0-9a-f]{64}$/.test(id)) return { modelId: id };
  if (!existsSync(model)) {
    throw new TesseraError('MODEL_UNREADABLE', {
      message: `The expected model ${model} is neither a file nor an id of 64 hexadecimal digits`,
      remedy: 'Check the path, or give the whole id.',
      details: { path: model },
    });
  }
  return { modelDigest: await digestFiles(readModel(model).files) };
}
