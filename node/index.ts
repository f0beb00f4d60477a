/**
 * The program as functions: what the command line does, with typed options, a signal and progress. Node only.
 *
 * @packageDocumentation
 * @example
 * ```ts
 * import { runModel } from '@tessera-zkml/tessera';
 *
 * const { equal } = await runModel({ model: 'lenet.onnx', inputs: { seed: 1 }, strategy: 'layer' });
 * ```
 */
export type { Certificate } from '../protocol/certificate.ts';
export { type ErrorCode, TesseraError } from '../protocol/errors.ts';
export type { Problem, ProblemCode } from '../protocol/problem.ts';
export type { Report } from '../protocol/report.ts';
export { type AuditModules, type AuditOptions, type AuditReport, audit } from './audit.ts';
export type { Progress, RunOptions, Stage } from './progress.ts';
export { type ProveModules, type ProveOptions, type ProveReport, prove } from './prove.ts';
export { type RunModelOptions, type RunReport, runModel } from './run.ts';
export { type SliceOptions, type SliceReport, sliceModel } from './slice.ts';
export { type Expected, type VerifyModules, type VerifyOptions, verify } from './verify.ts';
