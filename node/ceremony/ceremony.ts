import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { sha256Hex } from '../../protocol/ids.ts';
import { throwIfAborted } from '../abort.ts';
import type { ArtifactCache } from '../artifacts/cache.ts';
import { openKeys, readKeyArtifacts } from '../provers/groth16/keys.ts';
import { readSetupRecord } from '../provers/groth16/verifier/index.ts';
import {
  type CeremonyWorker,
  type ConstraintFacts,
  createCeremonyWorker,
  type TranscriptPaths,
} from './ceremony-worker.ts';
import {
  type CeremonyPhase,
  maxContributions,
  phaseOf,
  requireBeacon,
  type Transcript,
  transcriptDigest,
} from './transcript.ts';
import { TranscriptFolder } from './transcript-folder.ts';

export interface CeremonyInit {
  /** The built worker. */
  worker: string;
  /** Where a finished ceremony's keys go, for proving to find them. */
  cache: ArtifactCache;
  /** Where keys lie that are made only to be compared. */
  directory: string;
}

export interface CeremonyOptions {
  signal?: AbortSignal;
  /** What is being done, in words. */
  onProgress?: (step: string) => void;
}

/** Where a ceremony stands, all of it verified. */
export interface CeremonyState {
  phase: CeremonyPhase;
  /** sha2-256 of the constraint system. */
  constraints: Hex32;
  /** sha2-256 of each contribution, in order. */
  powers: readonly Hex32[];
  circuit: readonly Hex32[];
  /** Once finished: sha2-256 of the transcript, and of the verifying key that follows from it. */
  transcript?: Hex32;
  verifyingKey?: Hex32;
}

/**
 * A ceremony in a folder (see {@link TranscriptFolder}). Its keys are sound as long as one contributor of each phase
 * forgot what it drew. Whatever is read from the folder is verified first: it may come from anybody.
 */
export interface Ceremony {
  /**
   * Starts a ceremony for a constraint system.
   *
   * @throws TesseraError `PROVER_FAILED` for a file that is none, `USAGE` where a ceremony is already
   */
  init(folder: string, constraints: string, options?: CeremonyOptions): Promise<CeremonyState>;
  /**
   * Verifies everything so far and adds randomness of this machine to the phase that is open.
   *
   * @returns the state, and the contribution's digest for its maker to publish
   * @throws TesseraError `ENCODING_INVALID` for damaged files, `PROVER_FAILED` for a false contribution, `USAGE` when
   *   the ceremony is finished
   */
  contribute(folder: string, options?: CeremonyOptions): Promise<CeremonyState & { contribution: Hex32 }>;
  /** Verifies everything so far. @throws TesseraError as {@link Ceremony.contribute} */
  verify(folder: string, options?: CeremonyOptions): Promise<CeremonyState>;
  /**
   * Closes the phase that is open with a beacon: the powers', then the circuit's. Of a finished ceremony, or one that this
   * finishes, the keys are put into the cache.
   *
   * @param beacon public randomness of a moment after the phase's last contribution, in hexadecimal; left out once
   *   the ceremony is finished
   * @throws TesseraError as {@link Ceremony.contribute}, `USAGE` for a phase without contributions or other keys of
   *   these constraints in the cache
   */
  finalize(folder: string, beacon?: string, options?: CeremonyOptions): Promise<CeremonyState>;
  close(): Promise<void>;
}

/** Bytes of a constraint system, as many as the worker's memory could take. */
const maxConstraintsBytes = 2 ** 32;
/** More than a contribution of either phase has: 192 bytes an element of the domain, or 32 a wire and 32 an element. */
const contributionBytes = { perElement: 256, perWire: 64, base: 4096 };

export function createCeremony(init: CeremonyInit): Ceremony {
  const worker = createCeremonyWorker(init.worker);

  /** The transcript by paths, with every file held against its digest. */
  const open = async (
    folder: TranscriptFolder,
    transcript: Transcript,
    { signal, onProgress }: CeremonyOptions,
  ): Promise<{ facts: ConstraintFacts; paths: TranscriptPaths }> => {
    onProgress?.('comparing the files with their digests');
    const constraints = await folder.file(transcript.constraints, maxConstraintsBytes, signal);
    const facts = await worker.inspect(constraints, signal);
    const { perElement, perWire, base } = contributionBytes;
    const maxBytes = base + perElement * facts.domain + perWire * facts.wires;
    const powers: string[] = [];
    for (const digest of transcript.powers) powers.push(await folder.file(digest, maxBytes, signal));
    const circuit: string[] = [];
    for (const digest of transcript.circuit) circuit.push(await folder.file(digest, maxBytes, signal));
    const { powersBeacon = '', circuitBeacon = '' } = transcript;
    return { facts, paths: { constraints, powers, powersBeacon, circuit, circuitBeacon } };
  };

  const check = async (paths: TranscriptPaths, { signal, onProgress }: CeremonyOptions): Promise<void> => {
    onProgress?.(`verifying ${paths.powers.length + paths.circuit.length} contributions`);
    await worker.check(paths, signal);
  };

  /** What the next contribution to a phase changes: the last one, or the phase's start. */
  const predecessor = async (
    phase: 'powers' | 'circuit',
    { facts, paths }: { facts: ConstraintFacts; paths: TranscriptPaths },
    unfinished: string,
    { signal, onProgress }: CeremonyOptions,
  ): Promise<string> => {
    const last = paths[phase].at(-1);
    if (last !== undefined) return last;
    onProgress?.(`starting the phase of the ${phase}`);
    const start = join(unfinished, 'start');
    if (phase === 'powers') await worker.start(facts.domain, start, signal);
    else await worker.advance(paths, start, signal);
    return start;
  };

  /** Puts a finished ceremony's keys into the cache. */
  const keep = async (
    transcript: Transcript,
    paths: TranscriptPaths,
    { signal, onProgress }: CeremonyOptions,
  ): Promise<CeremonyState> => {
    onProgress?.(makingKeys);
    const { constraints } = transcript;
    const digest = transcriptDigest(transcript);
    const make = async (keys: { provingKey: string; verifyingKey: string }) => {
      const made = await worker.finalize(paths, keys, signal);
      const { powersContributors, circuitContributors } = made;
      return {
        provingKeyDigest: made.provingKey,
        record: {
          trust: 'ceremony' as const,
          constraints,
          transcript: digest,
          powersContributors,
          circuitContributors,
        },
      };
    };
    const entry = await openKeys(init.cache, constraints, 'ceremony', make, signal);
    try {
      const { setup, verifyingKey } = await readKeyArtifacts(entry);
      const record = readSetupRecord(setup);
      if (record.trust !== 'ceremony' || record.transcript !== digest) {
        throw new TesseraError('USAGE', {
          message: 'The cache holds keys of another ceremony for the same constraints',
          remedy: 'Remove them with "tessera cache prune --keys" and run it again.',
          details: { constraints },
        });
      }
      return stateOf(transcript, sha256Hex(verifyingKey));
    } finally {
      await entry.release();
    }
  };

  return {
    async init(path, constraints, { signal, onProgress } = {}) {
      onProgress?.('reading the constraint system');
      const { digest } = await inspect(worker, constraints, signal);
      const folder = new TranscriptFolder(path);
      await folder.create(constraints, digest);
      return stateOf(await folder.read());
    },

    contribute(path, options = {}) {
      const folder = new TranscriptFolder(path);
      return folder.exclusively(async (unfinished) => {
        const transcript = await folder.read();
        const phase = phaseOf(transcript);
        requireOpen(transcript, phase);
        const opened = await open(folder, transcript, options);
        await check(opened.paths, options);
        const last = await predecessor(phase, opened, unfinished, options);
        options.onProgress?.('contributing');
        const out = join(unfinished, 'contribution');
        const contribution = await worker.contribute(phase, { in: last, out }, options.signal);
        throwIfAborted(options.signal);
        await folder.keep(out, contribution);
        const next = { ...transcript, [phase]: [...transcript[phase], contribution] };
        await folder.save(next);
        return { ...stateOf(next), contribution };
      });
    },

    async verify(path, options = {}) {
      const folder = new TranscriptFolder(path);
      const transcript = await folder.read();
      const { paths } = await open(folder, transcript, options);
      if (phaseOf(transcript) !== 'finished') {
        await check(paths, options);
        return stateOf(transcript);
      }
      options.onProgress?.(makingKeys);
      const directory = await mkdtemp(join(init.directory, 'ceremony-'));
      try {
        const [provingKey, verifyingKey] = [join(directory, 'proving.key'), join(directory, 'verifying.key')];
        const keys = await worker.finalize(paths, { provingKey, verifyingKey }, options.signal);
        return stateOf(transcript, keys.verifyingKey);
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    },

    finalize(path, beacon, options = {}) {
      const folder = new TranscriptFolder(path);
      return folder.exclusively(async () => {
        const transcript = await folder.read();
        const closed = close(transcript, beacon);
        const { paths } = await open(folder, closed, options);
        if (phaseOf(closed) === 'finished') {
          const state = await keep(closed, paths, options);
          await folder.save(closed);
          return state;
        }
        await check(paths, options);
        await folder.save(closed);
        return stateOf(closed);
      });
    },

    close: () => worker.close(),
  };
}

const makingKeys = 'verifying the transcript and making its keys';

function stateOf(transcript: Transcript, verifyingKey?: Hex32): CeremonyState {
  const { constraints, powers, circuit } = transcript;
  const state = { phase: phaseOf(transcript), constraints, powers, circuit };
  return verifyingKey === undefined
    ? state
    : { ...state, transcript: transcriptDigest(transcript), verifyingKey };
}

function requireOpen(
  transcript: Transcript,
  phase: CeremonyPhase,
): asserts phase is Exclude<CeremonyPhase, 'finished'> {
  if (phase === 'finished') {
    throw new TesseraError('USAGE', {
      message: 'The ceremony is finished: its last beacon is drawn',
      remedy: 'Start another one: tessera ceremony init',
    });
  }
  if (transcript[phase].length >= maxContributions) {
    throw new TesseraError('USAGE', {
      message: `The phase has ${maxContributions} contributions, as many as a transcript may hold`,
      remedy: 'Close it: tessera ceremony finalize',
    });
  }
}

/** The transcript with its open phase closed by the beacon; a finished one as it is. */
function close(transcript: Transcript, beacon: string | undefined): Transcript {
  const phase = phaseOf(transcript);
  if (phase === 'finished') {
    if (beacon === undefined) return transcript;
    throw new TesseraError('USAGE', {
      message: 'The ceremony is finished: both of its beacons are drawn',
      remedy: 'Leave the beacon out to make its keys here.',
    });
  }
  if (beacon === undefined) {
    throw new TesseraError('USAGE', {
      message: `Closing the phase of the ${phase} takes a beacon`,
      remedy: 'Give public randomness drawn after its last contribution: --beacon HEX',
    });
  }
  requireBeacon(beacon);
  if (transcript[phase].length === 0) {
    throw new TesseraError('USAGE', {
      message: `Nobody has contributed to the phase of the ${phase}`,
      remedy: 'Contribute first: tessera ceremony contribute',
    });
  }
  return { ...transcript, [phase === 'powers' ? 'powersBeacon' : 'circuitBeacon']: beacon };
}

/** @throws TesseraError `PROVER_FAILED` for a file that holds no constraint system */
async function inspect(worker: CeremonyWorker, path: string, signal: AbortSignal | undefined) {
  try {
    return await worker.inspect(path, signal);
  } catch (cause) {
    if (!(cause instanceof TesseraError) || cause.code !== 'PROVER_FAILED') throw cause;
    throw new TesseraError('PROVER_FAILED', {
      message: `${path} holds no constraint system that a ceremony can be held for: ${cause.message}`,
      remedy: 'Give the file that `tessera prove --setup ceremony` names.',
      details: { path },
      cause,
    });
  }
}
