/**
 * Checks certificates, and nothing else: no native module, no Python, no network, no file. Runs in Node and in
 * browsers.
 *
 * @packageDocumentation
 * @example
 * ```ts
 * import { verifyCertificate } from '@tessera-zkml/tessera/verify';
 *
 * const bytes = new Uint8Array(await (await fetch('digit.cert')).arrayBuffer());
 * const { report, outputs } = await verifyCertificate(bytes, { expect: { modelId } });
 * if (report.valid) console.log(outputs.get('scores'));
 * ```
 */
export type { EngineInput, EzklEngine } from '../node/provers/ezkl/verifier/index.ts';
export type { Certificate } from '../protocol/certificate.ts';
export type { Blindings, SrsSource } from '../protocol/check/edge-opener.ts';
export type { ExpectedTensor, ExpectedTensors } from '../protocol/check/statements.ts';
export type { CheckEvent, Expectation } from '../protocol/check.ts';
export { type ErrorCode, TesseraError } from '../protocol/errors.ts';
export type { Problem, ProblemCode } from '../protocol/problem.ts';
export type { LinkReport, Report, SegmentReport } from '../protocol/report.ts';
export { type Verification, type VerifyCertificateOptions, verifyCertificate } from './verify-certificate.ts';
