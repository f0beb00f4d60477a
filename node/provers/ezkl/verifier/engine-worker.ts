/**
 * Thread entry: loads `@ezkljs/engine` and answers one request after another. Node only.
 * The engine's glue makes its own shared memory of up to 4 GiB; a smaller maximum is put in its place before it
 * loads, so that hostile input ends in a trap and not in the node's memory.
 */
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { EngineInput } from './engine-opinion.ts';

/** What the thread says back. `broken`: the engine trapped and must not be used again. */
export type WorkerAnswer =
  | { type: 'ready' }
  | { type: 'missing'; reason: string }
  | { type: 'accepted' }
  | { type: 'rejected'; reason: string }
  | { type: 'broken'; reason: string };

interface Engine {
  verify(
    proof: Uint8ClampedArray,
    verifyingKey: Uint8ClampedArray,
    settings: Uint8ClampedArray,
    srs: Uint8ClampedArray,
  ): boolean;
}

const port = parentPort;
if (port === null) throw new Error('engine-worker.ts runs in a thread only');
const say = (answer: WorkerAnswer) => port.postMessage(answer);

const pageBytes = 65_536;
const memoryLimit = (workerData as { memoryLimit: number }).memoryLimit;
const NativeMemory = WebAssembly.Memory;
WebAssembly.Memory = class extends NativeMemory {
  constructor(descriptor: WebAssembly.MemoryDescriptor) {
    super({ ...descriptor, maximum: Math.max(descriptor.initial, Math.floor(memoryLimit / pageBytes)) });
  }
};

function load(): Engine | undefined {
  try {
    return createRequire(import.meta.url)('@ezkljs/engine/nodejs/ezkl.js') as Engine;
  } catch (error) {
    say({ type: 'missing', reason: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

const engine = load();
if (engine !== undefined) {
  const clamped = (bytes: Uint8Array) =>
    new Uint8ClampedArray(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  port.on('message', ({ proof, verifyingKey, settings, srs }: EngineInput) => {
    try {
      const valid = engine.verify(clamped(proof), clamped(verifyingKey), clamped(settings), clamped(srs));
      say(valid ? { type: 'accepted' } : { type: 'rejected', reason: 'the proof does not verify' });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      // A Rust error comes as a thrown value; a panic or failed allocation as a trap that leaves its state undefined.
      say({ type: error instanceof WebAssembly.RuntimeError ? 'broken' : 'rejected', reason });
    }
  });
  say({ type: 'ready' });
}
