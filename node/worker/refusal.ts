import { TesseraError } from '../../protocol/errors.ts';
import { messageLimits, type RefusalReason } from '../../protocol/messages/index.ts';

/** What a worker says when it gives a segment back because of an error. */
export function refusalOf(error: unknown): { reason: RefusalReason; detail: string } {
  const code = error instanceof TesseraError ? error.code : 'INTERNAL';
  const text = error instanceof Error ? error.message : String(error);
  const detail = new TextDecoder().decode(
    new TextEncoder().encode(text).subarray(0, messageLimits.detailBytes - 8),
  );
  switch (code) {
    case 'MEMORY_EXCEEDED':
      return { reason: 'memory', detail };
    case 'STORAGE_FAILED':
      return { reason: 'disk', detail };
    case 'PROVER_MISSING':
      return { reason: 'prover', detail };
    case 'DEADLINE_EXCEEDED':
      return { reason: 'deadline', detail };
    case 'ARTIFACT_MISSING':
    case 'DOWNLOAD_FAILED':
    case 'ENCODING_INVALID':
    case 'ACCESS_REFUSED':
    case 'MODEL_UNREADABLE':
    case 'MODEL_INVALID':
      return { reason: 'artifact', detail };
    default:
      return { reason: 'failed', detail };
  }
}
