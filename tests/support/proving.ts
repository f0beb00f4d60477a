import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArtifactCache } from '../../node/artifacts/cache.ts';
import type { Model } from '../../node/model/model.ts';
import { encodeModel } from '../../node/model/onnx/encode.ts';
import { openCalibrationStore } from '../../node/plan/calibration-store.ts';
import { chooseForEzkl } from '../../node/plan/parameters/ezkl.ts';
import { chooseForGroth16 } from '../../node/plan/parameters/groth16.ts';
import { type ProveModules, type ProveOptions, type ProveReport, prove } from '../../node/prove.ts';
import { createEzklProver, type EzklProver } from '../../node/provers/ezkl/prover.ts';
import { developmentSrs } from '../../node/provers/ezkl/srs.ts';
import { createEngineThread } from '../../node/provers/ezkl/verifier/engine-thread.ts';
import { createEzklVerifier } from '../../node/provers/ezkl/verifier/index.ts';
import { createGroth16Prover } from '../../node/provers/groth16/prover.ts';
import { builtWorker } from '../../node/provers/groth16/testing/worker.ts';
import { createGroth16Verifier } from '../../node/provers/groth16/verifier/index.ts';
import type { Prover } from '../../node/provers/prover.ts';
import type { Certificate } from '../../protocol/certificate.ts';
import { decodeCertificate, encodeCertificate } from '../../protocol/certificate-codec.ts';
import { type CheckOptions, checkCertificate } from '../../protocol/check.ts';
import type { Report } from '../../protocol/report.ts';
import type { ProofVerifier } from '../../protocol/verifier.ts';
import { requireEzklPython } from './ezkl-python.ts';

/** Limits that a machine with two cores and 8 GB meets. */
export const limits = { parallel: 2, memory: 6e9 } as const;

/** The real provers and verifiers on a directory of their own, with development keys. */
export class Proving {
  readonly directory: string;
  readonly prover: EzklProver;
  readonly verifier: ProofVerifier;
  readonly #engine = createEngineThread();
  readonly #closing: (() => Promise<void>)[] = [];

  constructor(directory: string) {
    this.directory = directory;
    this.prover = this.newProver();
    this.verifier = createEzklVerifier({ engine: this.#engine });
  }

  static async open(): Promise<Proving> {
    const directory = await mkdtemp(join(tmpdir(), 'tessera-proving-'));
    await mkdir(join(directory, 'scratch'));
    return new Proving(directory);
  }

  /**
   * Another prover, to be closed by whoever asked for it.
   *
   * @param cacheName provers with the same one share their keys, proofs and development SRS
   */
  newProver(cacheName = 'cache'): EzklProver {
    const cache = new ArtifactCache({ directory: join(this.directory, cacheName), maxBytes: 20e9 });
    return createEzklProver({
      python: requireEzklPython(),
      cache,
      srs: developmentSrs(cache),
      directory: join(this.directory, 'scratch'),
      workers: limits.parallel,
    });
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  async writeModel(name: string, model: Model): Promise<string> {
    const path = this.path(name);
    await writeFile(path, await encodeModel(model));
    return path;
  }

  async writeInputs(name: string, tensors: Readonly<Record<string, readonly number[]>>): Promise<string> {
    const path = this.path(name);
    await writeFile(path, JSON.stringify(tensors));
    return path;
  }

  /** What `prove` and `audit` take, with ezkl alone. */
  modules(prover = this.prover): ProveModules {
    return {
      provers: new Map([['ezkl', prover]]),
      choices: new Map([['ezkl', chooseForEzkl]]),
      calibrations: openCalibrationStore(this.path('calibrations')),
      verifiers: [this.verifier],
    };
  }

  /** What `prove` and `audit` take, with Tessera's own circuits where they can, and ezkl for the rest. */
  async bothProvers(cacheName = 'cache'): Promise<ProveModules> {
    const cache = new ArtifactCache({ directory: join(this.directory, cacheName), maxBytes: 20e9 });
    const directory = join(this.directory, 'scratch');
    const groth16 = createGroth16Prover({ worker: await builtWorker(), cache, directory });
    this.#closing.push(() => groth16.close());
    const { provers, choices, calibrations, verifiers } = this.modules();
    return {
      provers: new Map<string, Prover>([['groth16', groth16], ...provers]),
      choices: new Map([['groth16', chooseForGroth16], ...choices]),
      calibrations,
      verifiers: [...verifiers, createGroth16Verifier()],
    };
  }

  /** Proves a job and reads its certificate back. */
  async certify(
    options: Omit<ProveOptions, 'limits'> & Partial<Pick<ProveOptions, 'limits'>>,
    modules: ProveModules | EzklProver = this.prover,
  ): Promise<{ certificate: Certificate; report: ProveReport }> {
    const report = await prove(
      { limits, ...options },
      'provers' in modules ? modules : this.modules(modules),
    );
    return { certificate: decodeCertificate(new Uint8Array(await readFile(options.out))), report };
  }

  /** Checks a certificate as a reader would: after its way through the file. */
  check(certificate: Certificate, options: Partial<CheckOptions> = {}): Promise<Report> {
    return checkCertificate(decodeCertificate(encodeCertificate(certificate)), {
      verifiers: [this.verifier],
      allowDevelopment: true,
      ...options,
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#closing.map((close) => close()));
    await this.prover.close();
    await this.#engine.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** The same tensor in every run: `count` multiples of 1/128 in [0, 1). */
export function image(count: number, seed = 1): number[] {
  return Array.from({ length: count }, (_, i) => ((i * 37 + seed * 11) % 128) / 128);
}
