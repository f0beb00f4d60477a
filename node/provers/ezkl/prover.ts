/**
 * ezkl behind the Prover interface.
 *
 * @packageDocumentation
 * @example
 * ```ts
 * const cache = new ArtifactCache({ directory, maxBytes: 20e9 });
 * const prover = createEzklProver({ python, cache, srs: developmentSrs(cache), directory: scratch });
 * try {
 *   const source = { model, inputs: [{ scheme: 'public', blinded: false }], outputs: [{ scheme: 'kzg', blinded: false }] };
 *   const segment = await prover.compile(source, formatParams(params));
 *   const proof = await prover.prove(segment, [integers]);
 * } finally {
 *   await prover.close();
 * }
 * ```
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EdgeType, Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { sha256Hex, srsId } from '../../../protocol/ids.ts';
import type { Circuit } from '../../../protocol/manifest.ts';
import type { ArtifactCache } from '../../artifacts/cache.ts';
import { readWhole } from '../../artifacts/read-whole.ts';
import { Call } from '../call.ts';
import { HeldEntries } from '../held-entries.ts';
import { ProcessPool } from '../process/process-pool.ts';
import type { Boundary, CallOptions, CompiledSegment, Prover, ReadyKeys, SegmentSource } from '../prover.ts';
import { requireStated } from '../stated.ts';
import {
  circuitFiles,
  type OpenFiles,
  openCircuit,
  openProof,
  openWitness,
  proofFile,
  witnessFile,
} from './cached-steps.ts';
import { type KeyOrigin, keyFiles, openKeys, readyKeysOf } from './keys.ts';
import { toleranceOperators, unsupportedByEzkl } from './operators.ts';
import { type CircuitSize, type EzklParams, parseParams, setupMemory } from './parameters.ts';
import { requireInRange } from './ranges.ts';
import { requireAsAsked } from './run-arguments.ts';
import { type OpenSrs, peerSrs, type SrsSource } from './srs.ts';
import { createEzklVerifier, ezklAdapter, verificationDataOf } from './verifier/index.ts';
import { parseSettings } from './verifier/settings.ts';
import { ezklVersion } from './version.ts';
import { readOutputs, readProof } from './witness-files.ts';

export interface EzklProverInit {
  /** The Python interpreter of an environment that has ezkl. */
  python: string;
  cache: ArtifactCache;
  srs: SrsSource;
  /** Where ezkl may write; it gets no other place. */
  directory: string;
  /** Worker processes; 1 unless given. */
  workers?: number;
}

/** What laying a circuit out shows: what the plan's predictions are held to. */
export interface Measurement extends CircuitSize {
  inputScales: readonly number[];
  outputScales: readonly number[];
}

export interface EzklProver extends Prover {
  /** Lays the circuit out without making keys: some hundred milliseconds for a small one. */
  measure(source: SegmentSource, params: EzklParams, options?: CallOptions): Promise<Measurement>;
  /** The path of the SRS file that circuits of this size rest on. */
  srsFile(k: number, options?: CallOptions): Promise<string>;
}

/** Bytes: a process starts in a second, and after a large segment keeps a gigabyte that the next one would be blamed for. */
const keptMemory = 300e6;
/** Peak of proving, measured from keys of 36 MB (176 MB) to 4.6 GB (11.4 GB). */
const provingMemory = { perKeyByte: 2.6, base: 120e6 };

/** A compiled segment; its files stay in the cache until it is released. */
interface OpenSegment extends OpenFiles {
  params: EzklParams;
  /** What its keys follow from. */
  origin: KeyOrigin;
  /** A peer's, where they are taken in place of such as are made here. */
  ready: ReadyKeys | undefined;
}

interface SrsInUse {
  srs: OpenSrs;
  /** Once it was asked for: the whole file is read for it. */
  id?: Hex32;
}

export function createEzklProver(init: EzklProverInit): EzklProver {
  const { cache } = init;
  // Compiled, worker.py lies beside this file as it does in the source.
  const worker = fileURLToPath(new URL('./worker.py', import.meta.url));
  const pool = new ProcessPool(
    {
      name: 'ezkl',
      command: init.python,
      args: ['-I', '-B', worker],
      version: ezklVersion,
      env: { HOME: init.directory },
      cwd: init.directory,
      keptMemory,
    },
    init.workers ?? 1,
  );
  const verifier = createEzklVerifier({});
  const opened = new WeakMap<CompiledSegment, OpenSegment>();
  const held = new HeldEntries();
  /** By size; in place until the prover is closed. */
  const srsInUse = new Map<number, SrsInUse>();

  const filesOf = (segment: CompiledSegment): OpenSegment => {
    const found = opened.get(segment);
    if (found === undefined) {
      throw new TesseraError('INTERNAL', { message: 'The segment was compiled by another prover' });
    }
    return found;
  };

  const openSrs = (k: number, call: Call): Promise<OpenSrs> =>
    call.step('srs', () =>
      init.srs.open(k, async (path) => void (await call.request('srs', { path, k })), call.signal),
    );

  const readArtifacts = async ({ circuit, keys }: OpenSegment) => ({
    verifyingKey: new Uint8Array(await readFile(join(keys.path, keyFiles.verifyingKey))),
    settings: new Uint8Array(await readFile(join(circuit.path, circuitFiles.settings))),
    vka: new Uint8Array(await readFile(join(keys.path, keyFiles.vka))),
    evmVerifier: new Uint8Array(await readFile(join(keys.path, keyFiles.evmVerifier))),
  });

  const measure: EzklProver['measure'] = async (source, params, options) => {
    const circuit = await openCircuit(cache, source, params, new Call(pool, options));
    try {
      return measurementOf(await readFile(join(circuit.path, circuitFiles.settings)));
    } finally {
      await circuit.release();
    }
  };

  const useSrs = async (k: number, options?: CallOptions): Promise<SrsInUse> => {
    const known = srsInUse.get(k);
    if (known !== undefined) return known;
    const srs = await openSrs(k, new Call(pool, options));
    const meanwhile = srsInUse.get(k);
    if (meanwhile !== undefined) {
      await srs.release();
      return meanwhile;
    }
    const used: SrsInUse = { srs };
    srsInUse.set(k, used);
    return used;
  };

  const openWith = async (
    source: SegmentSource,
    text: string,
    call: Call,
    srsOf: (k: number) => Promise<OpenSrs>,
    ready?: ReadyKeys,
  ): Promise<CompiledSegment> =>
    held.open(async (hold) => {
      const params = parseParams(text);
      const circuit = hold(await openCircuit(cache, source, params, call));
      const settingsPath = join(circuit.path, circuitFiles.settings);
      const settings = await readFile(settingsPath);
      requireAsAsked(settings, source, params);
      const srs = hold(await srsOf(params.k));
      const origin = {
        key: circuit.key,
        circuit: join(circuit.path, circuitFiles.circuit),
        settings: settingsPath,
        srs: { path: srs.path, sha256: srs.sha256 },
      };
      const keys = hold(await call.step('setup', () => openKeys(cache, origin, call, 'verify', ready)));
      const entry: OpenSegment = { params, circuit, keys, srs, origin, ready };
      const artifacts = await readArtifacts(entry);
      const draft: Circuit = {
        prover: 'ezkl',
        adapter: ezklAdapter,
        artifacts: Object.fromEntries(
          Object.entries(artifacts).map(([role, bytes]) => [role, sha256Hex(bytes)]),
        ),
        inputs: source.model.inputs.map((name) => draftType(source, name)),
        outputs: source.model.outputs.map((name) => draftType(source, name)),
        output: outputKind(source),
      };
      const { inputs, outputs, output, weaknesses } = verifier.describe(draft, artifacts);
      if (weaknesses.length > 0) {
        throw new TesseraError('PROVER_FAILED', {
          message: `ezkl made a circuit that no certificate may rest on: ${weaknesses.join('; ')}`,
        });
      }
      const segment: CompiledSegment = {
        circuit: { ...draft, inputs, outputs, output },
        key: keys.key,
        constraints: measurementOf(settings).rows,
        provingMemory:
          provingMemory.base +
          provingMemory.perKeyByte * (await stat(join(keys.path, keyFiles.provingKey))).size,
      };
      opened.set(segment, entry);
      return segment;
    });

  return {
    name: 'ezkl',
    binding: { scheme: 'kzg', perSide: true },
    unsupported: unsupportedByEzkl,
    measure,

    async setupMemory(source, text, options) {
      const params = parseParams(text);
      return setupMemory(await measure(source, params, options), params);
    },

    async compile(source, text, options) {
      const call = new Call(pool, options);
      return openWith(source, text, call, (k) => openSrs(k, call));
    },

    async exportKeys(segment) {
      // Keys follow from the circuit and the SRS: whoever has both makes them again.
      return new Map([['srs', filesOf(segment).srs.path]]);
    },

    exportReadyKeys: async (segment) => readyKeysOf(filesOf(segment).keys),

    async openSegment(source, text, stated, files, options) {
      const path = files.get('srs');
      if (path === undefined) {
        throw new TesseraError('PROVER_FAILED', { message: 'The segment comes without its SRS' });
      }
      const call = new Call(pool, options);
      const segment = await openWith(
        source,
        text,
        call,
        () => peerSrs(cache, path, call.signal),
        options?.readyKeys,
      );
      try {
        requireStated(segment.circuit, stated);
      } catch (error) {
        await held.release(segment);
        throw error;
      }
      return segment;
    },

    async execute(segment, inputs, options): Promise<Boundary> {
      const entry = filesOf(segment);
      requireInRange(segment.circuit, entry.params, inputs);
      const witness = await openWitness(cache, entry, inputs, new Call(pool, options));
      try {
        return { inputs, outputs: readOutputs(await readFile(join(witness.path, witnessFile), 'utf8')) };
      } finally {
        await witness.release();
      }
    },

    async prove(segment, inputs, options) {
      const entry = filesOf(segment);
      requireInRange(segment.circuit, entry.params, inputs);
      const call = new Call(pool, options);
      const witness = await openWitness(cache, entry, inputs, call);
      try {
        const keys = () => openKeys(cache, entry.origin, call, 'prove', entry.ready);
        const proof = await openProof(cache, entry, keys, witness, call);
        try {
          return readProof(await readFile(join(proof.path, proofFile), 'utf8'));
        } finally {
          await proof.release();
        }
      } finally {
        await witness.release();
      }
    },

    artifacts: (segment) => readArtifacts(filesOf(segment)),

    srsFile: async (k, options) => (await useSrs(k, options)).srs.path,

    async srsFiles(text, options) {
      const used = await useSrs(parseParams(text).k, options);
      const { path } = used.srs;
      used.id ??= srsId('bn254', verificationDataOf(await readWhole(path, options?.signal)));
      return new Map([[used.id, path]]);
    },

    release: (segment) => held.release(segment),

    async close() {
      await pool.close();
      await held.releaseAll();
      await Promise.all([...srsInUse.values()].map(({ srs }) => srs.release()));
      srsInUse.clear();
    },
  };
}

function measurementOf(settings: Uint8Array): Measurement {
  const { inputScales, outputScales, publicSizes } = parseSettings(settings);
  const { num_rows: rows } = JSON.parse(new TextDecoder().decode(settings)) as { num_rows: number };
  return { rows, instances: publicSizes.reduce((a, b) => a + b, 0), inputScales, outputScales };
}

/** Only the shape counts: the rest is what the settings say. */
function draftType(source: SegmentSource, name: string): EdgeType {
  const shape = source.model.types.get(name)?.shape ?? [];
  return { shape, signed: true, scale: 0, interval: 'unproven', scheme: { name: 'public' } };
}

function outputKind(source: SegmentSource): Circuit['output'] {
  const operators = toleranceOperators(source.model);
  return operators.length === 0 ? { kind: 'unique' } : { kind: 'tolerance', operators };
}
