/**
 * Tessera's own circuits behind the Prover interface, proven by Groth16.
 *
 * @packageDocumentation
 * @example
 * ```ts
 * const prover = createGroth16Prover({ worker, cache, directory: scratch });
 * try {
 *   const port = { scheme: 'poseidon2', blinded: false } as const;
 *   const params = formatGroth16Params(groth16Params(model, ranges, new Set()));
 *   const segment = await prover.compile({ model, inputs: [port], outputs: [port] }, params);
 *   const proof = await prover.prove(segment, [integers]);
 * } finally {
 *   await prover.close();
 * }
 * ```
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hexToBytes } from '@noble/hashes/utils.js';
import pLimit from 'p-limit';
import { TesseraError } from '../../../protocol/errors.ts';
import { readElements } from '../../../protocol/field.ts';
import { sha256Hex } from '../../../protocol/ids.ts';
import type { Circuit } from '../../../protocol/manifest.ts';
import { throwIfAborted } from '../../abort.ts';
import type { ArtifactCache, OpenEntry } from '../../artifacts/cache.ts';
import { sha256File } from '../../artifacts/digest.ts';
import { enter } from '../../enter.ts';
import { Call } from '../call.ts';
import { executeCircuit, unsupportedNode } from '../circuit/index.ts';
import { HeldEntries } from '../held-entries.ts';
import type { CallOptions, CompiledSegment, Prover, ProverStep } from '../prover.ts';
import { requireStated } from '../stated.ts';
import { auditedArtifacts } from './audit.ts';
import type { SegmentCircuit } from './compile-segment.ts';
import {
  developmentSetup,
  exportedKeyPath,
  importKeys,
  keyArtifactPaths,
  loadParameters,
  openExportedKey,
  openKeys,
  readKeyArtifacts,
  readPeerKeys,
  requireCeremony,
  type SetupPolicy,
} from './keys.ts';
import { LoadedCircuits } from './loaded-circuits.ts';
import { type OpenSegmentCircuit, openSegmentCircuit } from './segment-circuit.ts';
import { segmentWitness } from './segment-witness.ts';
import { groth16Adapter, readSetupRecord } from './verifier/index.ts';
import { workerProcess } from './worker-process.ts';

export interface Groth16ProverInit {
  /** The built worker. */
  worker: string;
  cache: ArtifactCache;
  /** Where witnesses lie while they are proven. */
  directory: string;
  /** `development` unless given: keys that one party makes here. */
  setup?: SetupPolicy;
}

/** Peak bytes of the worker; measured: setup 55 MB and proving 77 MB at 31 thousand constraints, 171 and 226 MB at 109. */
const memory = {
  setup: { base: 40e6, perConstraint: 1_500 },
  prove: { base: 40e6, perConstraint: 1_900 },
} as const;

/** Files of a compiled segment; they stay in the cache until it is released. */
interface OpenSegment {
  circuit: OpenSegmentCircuit;
  keys: OpenEntry;
}

export function createGroth16Prover(init: Groth16ProverInit): Prover {
  const { cache } = init;
  const process = workerProcess(init.worker);
  // Loading and proving belong together: another circuit's keys may push this one's out in between.
  const turns = pLimit(1);
  const oneAtATime = <T>(call: Call, work: () => Promise<T>) => enter<T>(turns, call.signal, work);
  const loaded = new LoadedCircuits();
  const opened = new WeakMap<CompiledSegment, OpenSegment>();
  const held = new HeldEntries();

  const filesOf = (segment: CompiledSegment): OpenSegment => {
    const found = opened.get(segment);
    if (found === undefined) {
      throw new TesseraError('INTERNAL', { message: 'The segment was compiled by another prover' });
    }
    return found;
  };

  const openCircuitKeys = ({ circuit, constraints }: OpenSegmentCircuit, call: Call): Promise<OpenEntry> => {
    const digest = circuit.constraintsDigest;
    const policy = init.setup ?? 'development';
    return call.step('setup', () =>
      openKeys(
        cache,
        digest,
        policy,
        async (paths) =>
          policy === 'ceremony'
            ? requireCeremony(digest, constraints)
            : oneAtATime(call, async () => {
                await loaded.makeRoom(expectedBytes(memory.setup, circuit), call);
                return developmentSetup({ path: constraints, digest }, paths, call);
              }),
        call.signal,
      ),
    );
  };

  const load = async ({ circuit, keys }: OpenSegment, call: Call): Promise<string> =>
    loaded.load(
      { constraints: circuit.constraints, ...(await loadParameters(keys)) },
      expectedBytes(memory.prove, circuit.circuit),
      call,
    );

  return {
    name: 'groth16',
    binding: { scheme: 'poseidon2', perSide: false },
    unsupported: unsupportedNode,

    async setupMemory(source, params, options) {
      const { circuit, entry } = await openSegmentCircuit(cache, source, params, new Call(process, options));
      await entry.release();
      return expectedBytes(memory.setup, circuit);
    },

    async compile(source, params, options) {
      const call = new Call(process, options);
      return held.open(async (hold) => {
        const circuit = await openSegmentCircuit(cache, source, params, call);
        hold(circuit.entry);
        const keys = hold(await openCircuitKeys(circuit, call));
        const segment = describeSegment(circuit, digests(await readKeyArtifacts(keys)), keys.key);
        opened.set(segment, { circuit, keys });
        return segment;
      });
    },

    async rebuild(source, params, stated, options) {
      const circuit = await openSegmentCircuit(cache, source, params, new Call(process, options));
      try {
        const { constraintsDigest } = circuit.circuit;
        const artifacts = await auditedArtifacts(cache, constraintsDigest, stated, options?.signal);
        return describeSegment(circuit, artifacts, 'rebuilt');
      } finally {
        await circuit.entry.release();
      }
    },

    async exportKeys(segment, options) {
      const { circuit, keys } = filesOf(segment);
      const call = new Call(process, options);
      const exported = await openExportedKey(cache, keys, call, (work) =>
        oneAtATime(call, async () => {
          await loaded.makeRoom(expectedBytes(memory.prove, circuit.circuit), call);
          await work();
        }),
      );
      held.add(segment, exported);
      return new Map([['provingKey', exportedKeyPath(exported.path)], ...keyArtifactPaths(keys)]);
    },

    async openSegment(source, params, stated, files, options) {
      const call = new Call(process, options);
      return held.open(async (hold) => {
        const circuit = await openSegmentCircuit(cache, source, params, call);
        hold(circuit.entry);
        const { constraintsDigest } = circuit.circuit;
        const { exported, verifyingKey, setup } = await readPeerKeys(files);
        if (readSetupRecord(setup).constraints !== constraintsDigest) {
          throw new TesseraError('PROVER_FAILED', {
            message: 'The segment’s keys are said to be of other constraints than its model gives',
          });
        }
        const provingKey = await sha256File(exported, call.signal);
        const opening = call.step('setup', () =>
          openKeys(
            cache,
            constraintsDigest,
            // Both, so that nobody can spoil the keys that another peer sends.
            { verifyingKey: sha256Hex(verifyingKey), provingKey },
            (paths) =>
              oneAtATime(call, async () => {
                await loaded.makeRoom(expectedBytes(memory.setup, circuit.circuit), call);
                return importKeys(circuit.constraints, exported, { verifyingKey, setup }, paths, call);
              }),
            call.signal,
          ),
        );
        const keys = hold(await opening);
        const segment = describeSegment(circuit, digests(await readKeyArtifacts(keys)), keys.key);
        requireStated(segment.circuit, stated);
        opened.set(segment, { circuit, keys });
        return segment;
      });
    },

    async execute(segment, inputs, options) {
      const { circuit } = filesOf(segment).circuit;
      const { outputs } = await timed('execute', options, () =>
        executeCircuit(circuit, inputs.map(toValues)),
      );
      return { inputs, outputs: outputs.map((values) => Array.from(values, BigInt)) };
    },

    async prove(segment, inputs, options) {
      const open = filesOf(segment);
      const call = new Call(process, options);
      const execution = {
        inputs: inputs.map(toValues),
        context: options?.context ?? 0n,
        ...(options?.blindings === undefined ? {} : { blindings: options.blindings }),
      };
      const bytes = await timed('execute', options, () => segmentWitness(open.circuit, execution, options));
      const scratch = await mkdtemp(join(init.directory, 'witness-'));
      try {
        const witness = join(scratch, 'witness.bin');
        await writeFile(witness, bytes, { mode: 0o600 });
        const { value } = await call.step('prove', () =>
          oneAtATime(call, async () => {
            const circuit = await load(open, call);
            return { ...(await call.request('prove', { circuit, witness })), cached: false };
          }),
        );
        const { proof, publicInputs } = value as { proof: string; publicInputs: string };
        return { bytes: hexToBytes(proof), publicInputs: readElements(hexToBytes(publicInputs)) };
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    },

    artifacts: (segment) => readKeyArtifacts(filesOf(segment).keys),

    srsFiles: async () => new Map(),

    release: (segment) => held.release(segment),

    async close() {
      await process.close();
      await held.releaseAll();
    },
  };
}

/** A compiled segment as the interface has it. @param keys identifies its keys in the cache */
export function describeSegment(
  { circuit, entry }: OpenSegmentCircuit,
  artifacts: Circuit['artifacts'],
  keys: string,
): CompiledSegment {
  const { constraintCount, inputTypes, outputTypes } = circuit;
  return {
    circuit: {
      prover: 'groth16',
      adapter: groth16Adapter,
      artifacts,
      inputs: inputTypes,
      outputs: outputTypes,
      output: { kind: 'unique' },
    },
    key: `${entry.key}.${keys}`,
    constraints: constraintCount,
    provingMemory: expectedBytes(memory.prove, circuit),
  };
}

const expectedBytes = (
  { base, perConstraint }: (typeof memory)[keyof typeof memory],
  { constraintCount }: SegmentCircuit,
): number => base + perConstraint * constraintCount;

const digests = (artifacts: Readonly<Record<string, Uint8Array>>): Circuit['artifacts'] =>
  Object.fromEntries(Object.entries(artifacts).map(([role, bytes]) => [role, sha256Hex(bytes)]));

/** Integers beyond 2^53 lose digits here, and no interval holds them. */
function toValues(integers: readonly bigint[]): Float64Array {
  return Float64Array.from(integers, Number);
}

/** Work outside of the worker. */
async function timed<T>(
  step: ProverStep,
  options: CallOptions | undefined,
  act: () => T | Promise<T>,
): Promise<T> {
  throwIfAborted(options?.signal);
  options?.onProgress?.({ type: 'prover:start', step });
  const started = performance.now();
  const result = await act();
  const seconds = (performance.now() - started) / 1000;
  options?.onProgress?.({ type: 'prover:end', step, seconds, peakBytes: 0, cached: false });
  return result;
}
