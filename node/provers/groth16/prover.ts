/**
 * Groth16 for circuits in the constraint language.
 *
 * @packageDocumentation
 * @example
 * ```ts
 * const prover = createGroth16Prover({ worker, cache, directory: scratch });
 * try {
 *   const keyed = await prover.setup(compileCircuit(model, ports));
 *   const { proof, outputs } = await prover.prove(keyed, { inputs: [integers], context: 0n });
 * } finally {
 *   await prover.close();
 * }
 * ```
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hexToBytes } from '@noble/hashes/utils.js';
import pLimit from 'p-limit';
import type { Values } from '../../../protocol/arithmetic/model.ts';
import type { Proof } from '../../../protocol/certificate.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { readElements } from '../../../protocol/field.ts';
import { sha256Hex } from '../../../protocol/ids.ts';
import type { ArtifactCache, OpenEntry } from '../../artifacts/cache.ts';
import type { CompiledCircuit } from '../circuit/compile.ts';
import { type Execution, generateWitness } from '../circuit/witness.ts';
import type { RequestOptions } from '../process/prover-process.ts';
import type { CallOptions, ProverStep } from '../prover.ts';
import { gnarkVersion } from './build.ts';
import { writeSetupRecord } from './verifier/index.ts';
import { workerProcess } from './worker-process.ts';

export interface Groth16ProverInit {
  /** The built worker. */
  worker: string;
  cache: ArtifactCache;
  /** Where witnesses lie while they are proven. */
  directory: string;
}

/** A circuit with its keys; they stay in the cache until the prover is closed. */
export interface KeyedCircuit {
  circuit: CompiledCircuit;
  /** What a verifier needs, by role. */
  artifacts: { verifyingKey: Uint8Array; setup: Uint8Array };
  /** Identifies the keys in the cache. */
  key: string;
}

export interface Groth16Prover {
  /**
   * The circuit's keys, from the cache or from a one-party setup for development, which the record among the artifacts
   * says of them.
   */
  setup(circuit: CompiledCircuit, options?: CallOptions): Promise<KeyedCircuit>;
  /** Loads the keys into the worker, so that the first proof takes no longer than the next. */
  load(keyed: KeyedCircuit, options?: CallOptions): Promise<void>;
  /**
   * Proves one execution. The proof has been verified before it is returned.
   * @throws TesseraError `RANGE_EXCEEDED` for values that the circuit cannot hold, `PROVER_FAILED` for corrupted keys,
   *   and what {@link ProverProcess.request} throws.
   */
  prove(
    keyed: KeyedCircuit,
    execution: Execution,
    options?: CallOptions,
  ): Promise<{ proof: Proof; outputs: readonly Values[] }>;
  close(): Promise<void>;
}

/** Part of every cache key: raise it when the files or what they mean change. */
const layoutVersion = 1;
const kind = 'groth16-keys';
const files = {
  constraints: 'constraints.bin',
  provingKey: 'proving.key',
  verifyingKey: 'verifying.key',
  digests: 'digests.json',
} as const;

interface SetupAnswer {
  provingKey: string;
}

export function createGroth16Prover(init: Groth16ProverInit): Groth16Prover {
  const process = workerProcess(init.worker);
  // Loading and proving belong together: another circuit's keys may push this one's out in between.
  const oneAtATime = pLimit(1);
  const opened = new WeakMap<KeyedCircuit, OpenEntry>();
  const held: OpenEntry[] = [];

  const request = async (
    step: ProverStep,
    operation: string,
    parameters: object,
    options: CallOptions = {},
  ): Promise<unknown> => {
    const { onProgress } = options;
    onProgress?.({ type: 'prover:start', step });
    const { value, seconds, peakBytes } = await process.request(operation, parameters, limitsOf(options));
    onProgress?.({ type: 'prover:end', step, seconds, peakBytes, cached: false });
    return value;
  };

  const load = async (keyed: KeyedCircuit, options?: CallOptions): Promise<string> => {
    const entry = opened.get(keyed);
    if (entry === undefined) {
      throw new TesseraError('INTERNAL', { message: 'The circuit was set up by another prover' });
    }
    const digests = JSON.parse(await readFile(join(entry.path, files.digests), 'utf8')) as SetupAnswer;
    const parameters = { ...pathsIn(entry.path), provingKeyDigest: digests.provingKey };
    const { value } = await process.request('load', parameters, limitsOf(options));
    return (value as { circuit: string }).circuit;
  };

  return {
    async setup(circuit, options) {
      const constraints = sha256Hex(circuit.constraints);
      const entry = await init.cache.open(
        kind,
        { layoutVersion, gnark: gnarkVersion, constraints, trust: 'development' },
        async (directory) => {
          const paths = pathsIn(directory);
          await writeFile(paths.constraints, circuit.constraints);
          const { provingKey } = (await request('setup', 'setup', paths, options)) as SetupAnswer;
          await writeFile(join(directory, files.digests), JSON.stringify({ provingKey }));
        },
        options?.signal,
      );
      held.push(entry);
      const keyed: KeyedCircuit = {
        circuit,
        artifacts: {
          verifyingKey: new Uint8Array(await readFile(join(entry.path, files.verifyingKey))),
          setup: writeSetupRecord({ trust: 'development', constraints }),
        },
        key: entry.key,
      };
      opened.set(keyed, entry);
      return keyed;
    },

    async load(keyed, options) {
      await oneAtATime(() => load(keyed, options));
    },

    async prove(keyed, execution, options) {
      const { bytes, outputs } = generateWitness(keyed.circuit, execution);
      const scratch = await mkdtemp(join(init.directory, 'witness-'));
      try {
        const witness = join(scratch, 'witness.bin');
        await writeFile(witness, bytes, { mode: 0o600 });
        const answer = await oneAtATime(async () => {
          const loaded = await load(keyed, options);
          return request('prove', 'prove', { circuit: loaded, witness }, options);
        });
        const { proof, publicInputs } = answer as { proof: string; publicInputs: string };
        return {
          proof: { bytes: hexToBytes(proof), publicInputs: readElements(hexToBytes(publicInputs)) },
          outputs,
        };
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    },

    async close() {
      await process.close();
      await Promise.all(held.splice(0).map((entry) => entry.release()));
    },
  };
}

function pathsIn(directory: string): { constraints: string; provingKey: string; verifyingKey: string } {
  return {
    constraints: join(directory, files.constraints),
    provingKey: join(directory, files.provingKey),
    verifyingKey: join(directory, files.verifyingKey),
  };
}

function limitsOf({ signal, memoryLimit, timeout, onProgress }: CallOptions = {}): RequestOptions {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(memoryLimit === undefined ? {} : { memoryLimit }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(onProgress === undefined ? {} : { onLog: (line) => onProgress({ type: 'prover:log', line }) }),
  };
}
