/**
 * The program as functions: what the command line does, with typed options, a signal and progress. Node only.
 *
 * @packageDocumentation
 * @example
 * ```ts
 * import { openTessera } from '@tessera-zkml/tessera';
 *
 * const tessera = openTessera({ home: '/data/tessera' });
 * await tessera.setUp();
 * const { certificate } = await tessera.prove({ model: 'lenet.onnx', input: 'digit.json', strategy: 'auto', out: 'digit.cert' });
 * const { report } = await tessera.verify({ certificate, allowDevelopment: true });
 * await tessera.close();
 * ```
 */
export type { Certificate } from '../protocol/certificate.ts';
export { type ErrorCode, TesseraError } from '../protocol/errors.ts';
export type { Problem, ProblemCode } from '../protocol/problem.ts';
export type { Report } from '../protocol/report.ts';
export type { AuditOptions, AuditReport } from './audit.ts';
export type { Progress, RunOptions, Stage } from './progress.ts';
export type { ProveOptions, ProveReport } from './prove.ts';
export { type RunModelOptions, type RunReport, runModel } from './run.ts';
export { type SliceOptions, type SliceReport, sliceModel } from './slice.ts';
export { openTessera, type Tessera, type TesseraInit } from './tessera.ts';
export type { Expected, VerifyOptions } from './verify.ts';
