import { TesseraError } from '../../../protocol/errors.ts';

/** Version of the messages in README.md; a worker of another one is refused. */
export const processProtocol = 1;

/** What a worker says. */
export type WorkerMessage =
  | { type: 'hello'; protocol: number; worker: string; version: string }
  | { type: 'progress'; id: number; step: string }
  | { type: 'result'; id: number; value: unknown }
  | { type: 'error'; id: number; kind: WorkerErrorKind; message: string };

/** `failed`: the operation did not succeed. `storage`: the disk refused. `usage`: unknown operation or parameter. */
export type WorkerErrorKind = 'failed' | 'storage' | 'usage';

/** @throws TesseraError `ENCODING_INVALID` for anything that README.md does not describe */
export function parseWorkerMessage(value: unknown): WorkerMessage {
  if (typeof value === 'object' && value !== null) {
    const message = value as Record<string, unknown>;
    const { id } = message;
    switch (message.type) {
      case 'hello':
        if (isNumber(message.protocol) && isText(message.worker) && isText(message.version)) {
          return {
            type: 'hello',
            protocol: message.protocol,
            worker: message.worker,
            version: message.version,
          };
        }
        break;
      case 'progress':
        if (isNumber(id) && isText(message.step)) return { type: 'progress', id, step: message.step };
        break;
      case 'result':
        if (isNumber(id)) return { type: 'result', id, value: message.value };
        break;
      case 'error':
        if (isNumber(id) && isText(message.message) && isKind(message.kind)) {
          return { type: 'error', id, kind: message.kind, message: message.message };
        }
        break;
    }
  }
  throw new TesseraError('ENCODING_INVALID', { message: 'The prover sent a message of an unknown form' });
}

const isNumber = (value: unknown): value is number => Number.isSafeInteger(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isKind = (value: unknown): value is WorkerErrorKind =>
  value === 'failed' || value === 'storage' || value === 'usage';
