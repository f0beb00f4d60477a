import { setTimeout as sleep } from 'node:timers/promises';
import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes } from '../../../protocol/check/equal-bytes.ts';
import type { EdgeType } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { writeIntegers } from '../../../protocol/field.ts';
import type { Circuit } from '../../../protocol/manifest.ts';
import type { ProofVerifier } from '../../../protocol/verifier.ts';
import type { CompiledSegment, Prover } from '../../provers/prover.ts';
import { requireStated } from '../../provers/stated.ts';

/** One step of a proof that only waits. */
export interface WaitingEvent {
  /** The segment's input, by which it is known: in a chain every tensor is one more than the one before. */
  input: bigint;
  state: 'begun' | 'ended' | 'stopped';
}

const name = 'waiting';
const adapter = 'waiting/1';

/** The one type that its ports bind: an integer. */
const portType: EdgeType = {
  shape: [1],
  signed: true,
  scale: 0,
  interval: { lo: -(2n ** 40n), hi: 2n ** 40n },
  scheme: { name: 'public' },
};

const circuit: Circuit = {
  prover: name,
  adapter,
  artifacts: {},
  inputs: [portType],
  outputs: [portType],
  output: { kind: 'unique' },
};

/** The parameters of its circuits: how long a proof takes. */
export function waitingParams(seconds: number): string {
  return JSON.stringify({ seconds });
}

/**
 * A prover that takes time and nothing else, to see what all the rest takes: its circuits add one to an integer, its
 * proofs are hashes of that, and convince nobody.
 */
export function createWaitingProver(onEvent: (event: WaitingEvent) => void = () => {}): Prover {
  const compile = async (params: string): Promise<CompiledSegment> => ({
    circuit,
    key: params,
    constraints: 1,
    provingMemory: 1,
  });
  const run = ([input]: readonly (readonly bigint[])[]) => {
    const value = input?.[0];
    if (value === undefined) throw new TesseraError('INPUT_INVALID', { message: 'It takes one integer' });
    return { inputs: [[value]], outputs: [[value + 1n]] };
  };
  return {
    name,
    binding: { scheme: 'poseidon2', perSide: false },
    unsupported: () => undefined,
    setupMemory: async () => 1,
    compile: (_, params) => compile(params),
    exportKeys: async () => new Map(),
    async openSegment(_, params, stated) {
      const compiled = await compile(params);
      requireStated(compiled.circuit, stated);
      return compiled;
    },
    execute: async (_, inputs) => run(inputs),
    async prove({ key }, inputs, options) {
      const { inputs: read, outputs: made } = run(inputs);
      const publicInputs = [...read, ...made].flat();
      const input = publicInputs[0] as bigint;
      onEvent({ input, state: 'begun' });
      try {
        await sleep(1_000 * (JSON.parse(key) as { seconds: number }).seconds, undefined, {
          signal: options?.signal,
        });
      } catch (cause) {
        onEvent({ input, state: 'stopped' });
        throw new TesseraError('ABORTED', { message: 'The proof was cancelled', cause });
      }
      onEvent({ input, state: 'ended' });
      return { publicInputs, bytes: digestOf(publicInputs) };
    },
    artifacts: async () => ({}),
    srsFiles: async () => new Map(),
    release: async () => undefined,
    close: async () => {},
  };
}

/** Says whether a hash is the right one. */
export function createWaitingVerifier(): ProofVerifier {
  return {
    adapter,
    describe: () => ({
      inputs: circuit.inputs,
      outputs: circuit.outputs,
      srs: [],
      output: circuit.output,
      weaknesses: [],
    }),
    boundary: (_, { publicInputs: [read = 0n, made = 0n] }) => ({
      inputs: [writeIntegers([read])],
      outputs: [writeIntegers([made])],
    }),
    verify: async ({ proof: { publicInputs, bytes } }) => [
      { engine: name, verdict: equalBytes(bytes, digestOf(publicInputs)) ? 'valid' : 'invalid' },
    ],
  };
}

function digestOf(publicInputs: readonly bigint[]): Uint8Array {
  return sha256(writeIntegers(publicInputs));
}
