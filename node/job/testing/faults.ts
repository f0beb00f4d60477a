import { existsSync } from 'node:fs';
import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises';
import type { Stream } from '@libp2p/interface';
import type { Proof } from '../../../protocol/certificate.ts';
import { type MessageOf, type SignedMessage, signMessage } from '../../../protocol/messages/index.ts';
import { artifactProtocol, encodeAnswerHead, requestBytes } from '../../artifacts/transfer/protocol.ts';
import { StreamReader, send } from '../../artifacts/transfer/stream-io.ts';
import type { Libp2pNode } from '../../network/libp2p.ts';
import type { RequestProtocol } from '../../network/request-protocol.ts';
import type { Job } from '../../requester/job.ts';
import type { SegmentWork } from '../../worker/segment-work.ts';

/** How a worker departs from what an honest one does. */
export type WorkerFault =
  /** It ends as by `kill -9` when it reaches a stage; `proven`: its proof is made and kept, and nobody has it. */
  | { kind: 'dies'; at: 'queued' | 'fetching' | 'proving' | 'proven' }
  /** It changes its proofs. */
  | { kind: 'wrong proof' }
  /** It proves its first segment, and submits that proof for all others. */
  | { kind: 'proof of another segment' }
  /** It takes segments, says that it is at work, and is not. */
  | { kind: 'idle' }
  | { kind: 'false mismatch' }
  /** It is at work on each proof until there is such a file. */
  | { kind: 'held'; until: string }
  /** It names its proofs, and serves something else. */
  | { kind: 'serves'; bytes: 'wrong' | 'endless' };

/** How a requester departs. */
export type RequesterFault =
  /** It commits to other values than its model gives. */
  { kind: 'wrong values' } | { kind: 'serves'; bytes: 'wrong' | 'endless' };

/** Milliseconds into a stage: it has begun, and is not over. */
const dyingMs = 20;

const die = () => process.kill(process.pid, 'SIGKILL');

/** The work of a faulty worker. @param onStopped is told when what it did not do was cancelled */
export function faultyWork(fault: WorkerFault, honest: SegmentWork, onStopped: () => void): SegmentWork {
  let first: Proof | undefined;
  return async (task, options) => {
    switch (fault.kind) {
      case 'dies':
        if (fault.at === 'queued') setTimeout(die, dyingMs);
        return honest(task, {
          ...options,
          onStage(stage) {
            options.onStage(stage);
            if (stage === fault.at) setTimeout(die, dyingMs);
          },
        });
      case 'idle':
        options.onStage('proving');
        return new Promise((_, reject) => {
          options.signal.addEventListener('abort', () => {
            onStopped();
            reject(options.signal.reason);
          });
        });
      case 'false mismatch': {
        const digest = '00'.repeat(32);
        return { kind: 'edge-mismatch', edge: 0, block: 0, committed: digest, computed: digest };
      }
    }
    const outcome = await honest(task, options);
    if (outcome.kind !== 'proof') return outcome;
    while (fault.kind === 'held' && !existsSync(fault.until)) {
      await sleep(100, undefined, { signal: options.signal });
    }
    if (fault.kind === 'wrong proof') {
      const bytes = Uint8Array.from(outcome.proof.bytes);
      bytes.copyWithin(0, bytes.length - 64);
      return { kind: 'proof', proof: { ...outcome.proof, bytes } };
    }
    if (fault.kind !== 'proof of another segment') return outcome;
    first ??= outcome.proof;
    return { kind: 'proof', proof: first };
  };
}

/** The requests of a faulty worker: its submissions are where they differ. */
export function faultyRequests(
  fault: WorkerFault,
  honest: RequestProtocol,
  secretKey: Uint8Array,
): Pick<RequestProtocol, 'request' | 'serve'> {
  return {
    serve: (handler) => honest.serve(handler),
    request(target, signed, options) {
      if (signed.message.kind !== 'submission') return honest.request(target, signed, options);
      if (fault.kind === 'dies' && fault.at === 'proven') die();
      if (fault.kind !== 'serves') return honest.request(target, signed, options);
      const { inline: _, ...message } = (signed as SignedMessage<MessageOf<'submission'>>).message;
      return honest.request(target, signMessage(message, secretKey), options);
    },
  };
}

/** Answers every request for a block with wrong bytes, or with more and more of them. */
export async function serveBadBytes(libp2p: Libp2pNode, what: 'wrong' | 'endless'): Promise<void> {
  const block = new Uint8Array(what === 'wrong' ? 64 : 2 ** 20).fill(7);
  const serve = async (stream: Stream) => {
    const reader = new StreamReader(stream, () => 2 ** 20);
    const request = new Uint8Array(requestBytes);
    while (await reader.fill(request, { stallMs: 60_000 })) {
      stream.send(encodeAnswerHead(block.length));
      do {
        await send(stream, block, { stallMs: 60_000 });
        // What else this process has to do goes on.
        await breathe();
      } while (what === 'endless' && stream.status === 'open');
    }
  };
  await libp2p.handle(
    artifactProtocol,
    (stream) => {
      // Whoever asked breaks off: that ends the stream, and nothing else.
      serve(stream).catch((error: Error) => stream.abort(error));
    },
    { force: true },
  );
}

/** The job with one integer of an edge between two segments moved by one. */
export function withWrongValue(job: Job): Job {
  const [name] = job.plans[0]?.outputs ?? [];
  const values = name === undefined ? undefined : job.values.get(name);
  if (name === undefined || values?.[0] === undefined)
    throw new Error('The job has no edge between segments');
  return { ...job, values: new Map([...job.values, [name, [values[0] + 1n, ...values.slice(1)]]]) };
}
