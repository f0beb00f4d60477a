import { mkdir } from 'node:fs/promises';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import type { Certificate } from '../protocol/certificate.ts';
import type { Report } from '../protocol/report.ts';
import type { ProofVerifier } from '../protocol/verifier.ts';
import { type AuditOptions, type AuditReport, audit } from './audit.ts';
import { type DemoOptions, type DemoReport, demo } from './demo/demo.ts';
import { type OpenProversInit, openProvers } from './open-provers.ts';
import { type ProveModules, type ProveOptions, type ProveReport, prove } from './prove.ts';
import { createNativeEngine } from './provers/ezkl/native-engine.ts';
import { createCommitThread } from './provers/ezkl/verifier/commit-thread.ts';
import { createEngineThread } from './provers/ezkl/verifier/engine-thread.ts';
import { createEzklVerifier } from './provers/ezkl/verifier/index.ts';
import { createGroth16Verifier } from './provers/groth16/verifier/index.ts';
import { judgeInThread } from './provers/groth16/verifier/judge-in-thread.ts';
import type { JobModules } from './requester/job.ts';
import type { ProverLimits } from './requester/prover-call.ts';
import {
  dataDirectory,
  environmentPython,
  type LeftOut,
  type PartsInit,
  parts,
  type SetupOptions,
  type SetupOutcome,
  setup,
} from './setup/index.ts';
import { type VerifyOptions, verify } from './verify.ts';

export interface TesseraInit extends Pick<OpenProversInit, 'srs' | 'onProgress'> {
  /** Path of the data directory, which `setUp` fills; the same as the command line's `TESSERA_HOME`. */
  home: string;
  leftOut?: LeftOut;
  /** What installers run with; nothing unless given. */
  environment?: PartsInit['environment'];
  /** By default all cores but at most four at once, and three quarters of the memory that is free now. */
  limits?: Partial<ProverLimits>;
  /** `development` unless given. */
  setup?: OpenProversInit['setup'];
  /** Whether ezkl itself is asked about its proofs too, besides the engines that share no code with it. */
  native?: boolean;
}

/** What proves and checks on this machine, with its provers kept warm between calls. */
export interface Tessera {
  /** Installs what npm does not: see `tessera setup`. */
  setUp(options?: Omit<SetupOptions, 'directory' | 'parts'>): Promise<SetupOutcome[]>;
  /** Proves a model's inference on one input and writes a certificate. */
  prove(
    options: Omit<ProveOptions, 'limits'>,
    elsewhere?: Pick<ProveModules, 'proveElsewhere'>,
  ): Promise<ProveReport>;
  /** Checks a certificate; needs no prover. */
  verify(options: VerifyOptions): Promise<{ report: Report; certificate: Certificate }>;
  /** Makes a manifest's circuits and keys again from its model, and compares. */
  audit(options: Omit<AuditOptions, 'limits'>): Promise<AuditReport>;
  demo(
    options: Omit<DemoOptions, 'limits'>,
    elsewhere?: Pick<ProveModules, 'proveElsewhere'>,
  ): Promise<DemoReport>;
  /** Hands what proves and checks on this machine to work that goes its own way, such as a job on a chain. */
  withModules<T>(use: (modules: JobModules, limits: ProverLimits) => Promise<T>): Promise<T>;
  /** Stops all processes. */
  close(): Promise<void>;
}

/** Opens what is installed; nothing is started before it is needed. */
export function openTessera(init: TesseraInit): Tessera {
  const { home, leftOut = {}, environment = {}, native = false, ...rest } = init;
  const installation = { directory: dataDirectory(resolve(home)), leftOut, environment };
  const limits = { ...defaultLimits(), ...init.limits };
  const provers = lazy(() =>
    openProvers({ setup: 'development', ...rest, installation, parallel: limits.parallel }),
  );
  const verifiers = lazy(() => openVerifiers(installation, native));
  const proving = async () => {
    const { provers: installed, choices, calibrations } = await provers.get();
    const { verifiers: known } = await verifiers.get();
    return { provers: installed, choices, calibrations, verifiers: known };
  };
  return {
    setUp: (options) => setup({ directory: installation.directory, parts: parts(installation), ...options }),
    prove: async (options, elsewhere) =>
      prove({ ...options, limits }, { ...(await proving()), ...elsewhere }),
    verify: async (options) => verify(options, { verifiers: (await verifiers.get()).verifiers }),
    audit: async (options) => audit({ ...options, limits }, await proving()),
    demo: async (options, elsewhere) => demo({ ...options, limits }, { ...(await proving()), ...elsewhere }),
    withModules: async (use) => use(await proving(), limits),
    close: async () => void (await Promise.all([provers.close(), verifiers.close()])),
  };
}

interface OpenVerifiers {
  verifiers: readonly ProofVerifier[];
  close(): Promise<void>;
}

/** One verifier for every adapter that this program knows. */
async function openVerifiers({ directory, leftOut }: PartsInit, native: boolean): Promise<OpenVerifiers> {
  const groth16 = createGroth16Verifier({ judge: judgeInThread });
  if (leftOut.ezkl !== undefined) {
    return { verifiers: [groth16, createEzklVerifier({})], close: async () => {} };
  }
  const engine = createEngineThread();
  const committer = createCommitThread();
  const closeThreads = async () => void (await Promise.all([engine.close(), committer.close()]));
  if (!native) {
    return { verifiers: [groth16, createEzklVerifier({ engine, committer })], close: closeThreads };
  }
  const scratch = join(directory.cache, 'scratch');
  await mkdir(scratch, { recursive: true });
  const ezkl = createNativeEngine({ python: environmentPython(directory.python), directory: scratch });
  return {
    verifiers: [groth16, createEzklVerifier({ engine, committer, native: ezkl })],
    close: async () => void (await Promise.all([closeThreads(), ezkl.close()])),
  };
}

function defaultLimits(): ProverLimits {
  return {
    parallel: Math.min(4, availableParallelism()),
    memory: Math.floor(Math.max(0.75 * freemem(), 0.25 * totalmem())),
  };
}

/** A resource that is opened when it is first asked for. */
function lazy<T extends { close(): Promise<void> }>(open: () => Promise<T>) {
  let opened: Promise<T> | undefined;
  return {
    get(): Promise<T> {
      opened ??= open();
      return opened;
    },
    async close(): Promise<void> {
      const resource = await opened?.catch(() => undefined);
      opened = undefined;
      await resource?.close();
    },
  };
}
