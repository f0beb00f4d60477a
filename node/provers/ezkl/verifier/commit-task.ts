/** Thread entry: computes kzg commitments, one request after another. Node only. */
import { parentPort } from 'node:worker_threads';
import type { EdgeType } from '../../../../protocol/edge.ts';
import { type ErrorCode, TesseraError, type TesseraErrorInit } from '../../../../protocol/errors.ts';
import { kzgCommit } from './kzg-commit.ts';

export interface CommitRequest {
  type: EdgeType;
  values: readonly bigint[];
  /** Absent where it is that of the last request. */
  srs?: Uint8Array;
}

export type CommitAnswer = { bytes: Uint8Array } | { error: { code: ErrorCode } & TesseraErrorInit };

const port = parentPort;
if (port === null) throw new Error('commit-task.ts runs in a thread only');
let last = new Uint8Array();
port.on('message', ({ type, values, srs = last }: CommitRequest) => {
  last = srs as Uint8Array<ArrayBuffer>;
  port.postMessage(answer(type, values, srs));
});

function answer(type: EdgeType, values: readonly bigint[], srs: Uint8Array): CommitAnswer {
  try {
    return { bytes: kzgCommit(type, values, srs) };
  } catch (error) {
    if (!(error instanceof TesseraError)) throw error;
    const { code, message, details } = error;
    return { error: { code, message, details } };
  }
}
