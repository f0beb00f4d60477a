import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Proof } from '../../../../protocol/certificate.ts';
import { ArtifactCache } from '../../../artifacts/cache.ts';
import { encodeModel } from '../../../model/onnx/encode.ts';
import { openCalibrationStore } from '../../../plan/calibration-store.ts';
import { chooseForGroth16 } from '../../../plan/parameters/groth16.ts';
import { createGroth16Prover } from '../../../provers/groth16/prover.ts';
import { denseModel } from '../../../provers/groth16/testing/dense.ts';
import { builtWorker } from '../../../provers/groth16/testing/worker.ts';
import { createGroth16Verifier } from '../../../provers/groth16/verifier/index.ts';
import type { Prover } from '../../../provers/prover.ts';
import { type Job, type JobModules, prepareJob } from '../../job.ts';

/** Jobs of one small model in two segments, with real circuits, keys and proofs. */
export class Groth16Jobs {
  readonly prover: Prover;
  readonly modules: JobModules;
  readonly #directory: string;

  private constructor(directory: string, worker: string) {
    const cache = new ArtifactCache({ directory: join(directory, 'cache'), maxBytes: 1e9 });
    this.#directory = directory;
    this.prover = createGroth16Prover({ worker, cache, directory });
    this.modules = {
      provers: new Map([[this.prover.name, this.prover]]),
      choices: new Map([[this.prover.name, chooseForGroth16]]),
      calibrations: openCalibrationStore(join(directory, 'calibrations')),
      verifiers: [createGroth16Verifier()],
    };
  }

  static async open(): Promise<Groth16Jobs> {
    const directory = await mkdtemp(join(tmpdir(), 'tessera-groth16-jobs-'));
    await writeFile(join(directory, 'model.onnx'), await encodeModel(denseModel));
    return new Groth16Jobs(directory, await builtWorker());
  }

  /** @param x four numbers in [-1, 1]; circuits and keys are the same for all that are no larger than the first */
  async prepare(x: readonly number[]): Promise<Job> {
    const input = join(this.#directory, 'input.json');
    await writeFile(input, JSON.stringify({ x }));
    const limits = { parallel: 1, memory: 2e9 };
    const model = join(this.#directory, 'model.onnx');
    return prepareJob({ model, input, strategy: 'parts=2', limits }, this.modules);
  }

  prove({ segments, values }: Job, index: number): Promise<Proof> {
    const segment = segments[index];
    if (segment === undefined) throw new Error(`The job has no segment ${index}`);
    const inputs = segment.plan.inputs.map((name) => values.get(name) ?? []);
    return this.prover.prove(segment.compiled, inputs);
  }

  async close(): Promise<void> {
    await this.prover.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
